-- A works as form 0 wrote it: `ls_run` without `basis`, `resource` without set-up columns and with a colour.
BEGIN TRANSACTION;
CREATE TABLE item (
	item_id TEXT NOT NULL, 
	name TEXT, 
	kind TEXT NOT NULL, 
	mass_kg DOUBLE, 
	PRIMARY KEY (item_id)
)
 WITHOUT ROWID

;
CREATE TABLE ls_accept (
	no INTEGER NOT NULL, 
	run INTEGER NOT NULL, 
	seq INTEGER NOT NULL, 
	actor TEXT NOT NULL, 
	at TEXT NOT NULL, 
	tables TEXT NOT NULL, 
	undone_seq INTEGER, 
	PRIMARY KEY (no), 
	FOREIGN KEY(run) REFERENCES ls_run (no), 
	FOREIGN KEY(seq) REFERENCES ls_event (seq), 
	FOREIGN KEY(undone_seq) REFERENCES ls_event (seq)
);
CREATE TABLE ls_event (
	seq INTEGER NOT NULL, 
	recorded TEXT NOT NULL, 
	valid TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	action TEXT NOT NULL, 
	cause INTEGER, 
	run_id TEXT NOT NULL, 
	payload TEXT NOT NULL, 
	payload_digest TEXT NOT NULL, 
	leaf TEXT NOT NULL, 
	PRIMARY KEY (seq)
);
INSERT INTO "ls_event" VALUES(1,'2026-01-05T08:00:00.000000+00:00','2026-01-05T08:00:00.000000+00:00','lineshaft','create',NULL,'','{"name":"旧厂 / Old works","time_zone":"Asia/Shanghai","works_id":"c26c7c14d88a419ba8e2b90dad3689a9"}','72b6306f986d959d2ceae46d6b3c464ef191dba68981a02760a05f225b86d205','6c989d1b47827c11dc80668c8063a6c4add16ea9e79e331cfacca81537a28120');
INSERT INTO "ls_event" VALUES(2,'2026-01-05T08:00:00.000000+00:00','2026-01-05T08:00:00.000000+00:00','li','import',NULL,'','{"after":{"resource":"5dee0e31f1db11054075d3cac8bfd3671646403f077ebe768097233a96d7d4b2","work_order":"2db9526fa5adf74eda82c879c0c8bd1cc2478d06bc13eacc33cd533ecf000fc6"},"rows":{"resource":{"changed":0,"inserted":2,"removed":0},"work_order":{"changed":0,"inserted":2,"removed":0}},"source":""}','9e2064c6ab88b36e5719faacb39ac6676330df64f96c31b647613eaa70976d1c','4d5be44c10c852c3c75ec306bb8053d3bb5a2811f989cbff97773dfc2efd3523');
CREATE TABLE ls_job (
	no INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	worker TEXT NOT NULL, 
	lease_until FLOAT NOT NULL, 
	attempts INTEGER NOT NULL, 
	cancel BOOLEAN NOT NULL, 
	fraction FLOAT NOT NULL, 
	en TEXT NOT NULL, 
	zh TEXT NOT NULL, 
	PRIMARY KEY (no), 
	FOREIGN KEY(no) REFERENCES ls_run (no)
);
INSERT INTO "ls_job" VALUES(1,'done','',0.0,0,1,0.0,'','');
CREATE TABLE ls_meta (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "ls_meta" VALUES('works_id','0123456789abcdef0123456789abcdef');
INSERT INTO "ls_meta" VALUES('name','旧厂 / Old works');
INSERT INTO "ls_meta" VALUES('time_zone','Asia/Shanghai');
INSERT INTO "ls_meta" VALUES('version','0');
CREATE TABLE ls_run (
	no INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	engine TEXT NOT NULL, 
	engine_version INTEGER NOT NULL, 
	lineshaft_version TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	params TEXT NOT NULL, 
	limits TEXT NOT NULL, 
	overlay TEXT NOT NULL, 
	inputs TEXT NOT NULL, 
	input_digest TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	status TEXT NOT NULL, 
	created TEXT NOT NULL, 
	started TEXT, 
	ended TEXT, 
	stopped_by TEXT, 
	work FLOAT, 
	result_status TEXT, 
	kpis TEXT, 
	result_blob TEXT, 
	result_digest TEXT, 
	error TEXT, 
	PRIMARY KEY (no)
);
INSERT INTO "ls_run" VALUES(1,'run','toy.line',1,'0.1.0','li','{"delay_h":0,"stop":""}','{"seed":1,"time_limit_s":null,"work_limit":null,"workers":1}','[]','{"order_plan":"8b1e1df3e713bae25403d9392a305f99a39fb656fec585ad7c67b24126b35738","work_order":"2db9526fa5adf74eda82c879c0c8bd1cc2478d06bc13eacc33cd533ecf000fc6"}','fc2911f6ae50b04a1e5cb099fa6a299702e23c9c92f3412fe6bfef2a002266ec','5c46ddc2b73ddb433c3fd065da7fbdcf2990e54c31ca660408a6c62659acf4aa','cancelled','2026-01-05T08:00:00.000000+00:00',NULL,'2026-01-05T08:00:00.000000+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE ls_table (
	name TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	rows INTEGER NOT NULL, 
	columns TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "ls_table" VALUES('item','5fa0a4ac13a86a4e9fb9fdba535519389127fab2e1cf4574e98073289db7030b',0,'[["item_id", "TEXT", false, true], ["name", "TEXT", true, false], ["kind", "TEXT", false, false], ["mass_kg", "DOUBLE", true, false]]');
INSERT INTO "ls_table" VALUES('resource','5dee0e31f1db11054075d3cac8bfd3671646403f077ebe768097233a96d7d4b2',2,'[["resource_id", "TEXT", false, true], ["name", "TEXT", true, false], ["kind", "TEXT", false, false], ["calendar_id", "TEXT", true, false], ["capacity", "BIGINT", false, false], ["colour", "TEXT", true, false]]');
INSERT INTO "ls_table" VALUES('work_order','2db9526fa5adf74eda82c879c0c8bd1cc2478d06bc13eacc33cd533ecf000fc6',2,'[["order_id", "TEXT", false, true], ["item_id", "TEXT", true, false], ["quantity", "BIGINT", false, false], ["customer_id", "TEXT", true, false], ["release", "TEXT", false, false], ["due", "TEXT", true, false], ["weight", "BIGINT", false, false], ["parent_order_id", "TEXT", true, false], ["parent_op_no", "BIGINT", true, false]]');
CREATE TABLE ls_version (
	digest TEXT NOT NULL, 
	blob TEXT NOT NULL, 
	"table" TEXT NOT NULL, 
	PRIMARY KEY (digest)
);
CREATE TABLE resource (
	resource_id TEXT NOT NULL, 
	name TEXT, 
	kind TEXT NOT NULL, 
	calendar_id TEXT, 
	capacity BIGINT NOT NULL, colour TEXT, 
	PRIMARY KEY (resource_id)
)
 WITHOUT ROWID

;
INSERT INTO "resource" VALUES('M1','滚齿机','machine',NULL,1,'green');
INSERT INTO "resource" VALUES('M2',NULL,'machine',NULL,2,'green');
CREATE TABLE work_order (
	order_id TEXT NOT NULL, 
	item_id TEXT, 
	quantity BIGINT NOT NULL, 
	customer_id TEXT, 
	release TEXT NOT NULL, 
	due TEXT, 
	weight BIGINT NOT NULL, 
	parent_order_id TEXT, 
	parent_op_no BIGINT, 
	PRIMARY KEY (order_id)
)
 WITHOUT ROWID

;
INSERT INTO "work_order" VALUES('1',NULL,1,NULL,'2026-01-05T00:00:00.000000Z',NULL,1,NULL,NULL);
INSERT INTO "work_order" VALUES('2',NULL,1,NULL,'2026-01-05T00:00:00.000000Z',NULL,1,NULL,NULL);
CREATE INDEX ix_ls_run_key ON ls_run ("key");
CREATE TRIGGER ls_event_no_update BEFORE update ON ls_event BEGIN SELECT RAISE(ABORT, 'the event log only grows'); END;
CREATE TRIGGER ls_event_no_delete BEFORE delete ON ls_event BEGIN SELECT RAISE(ABORT, 'the event log only grows'); END;
COMMIT;
