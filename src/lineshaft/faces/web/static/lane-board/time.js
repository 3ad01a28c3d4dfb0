// Times are UTC seconds. People read them on the wall clock of the works, whose offsets come with the data.
export const HOUR = 3600;
export const DAY = 86400;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS = [["周日", "Sun"], ["周一", "Mon"], ["周二", "Tue"], ["周三", "Wed"], ["周四", "Thu"], ["周五", "Fri"], ["周六", "Sat"]];
const two = (number) => String(number).padStart(2, "0");

/** The wall clock of a time zone given as [UTC second, seconds east of UTC] from one change to the next. */
export class Clock {
  constructor(offsets) {
    this.offsets = offsets.length ? offsets : [[0, 0]];
  }

  offset(utc) {
    let at = 0;
    while (at + 1 < this.offsets.length && this.offsets[at + 1][0] <= utc) at++;
    return this.offsets[at][1];
  }

  /** Seconds since 1970 as the wall clock counts them. */
  wall(utc) {
    return utc + this.offset(utc);
  }

  /** The first moment at which the wall clock shows this; if it skips it, the skip. */
  utc(wall) {
    const pieces = this.offsets;
    let at = 0;
    while (at + 1 < pieces.length && wall >= pieces[at + 1][0] + pieces[at][1]) at++;
    const utc = wall - pieces[at][1];
    return at ? Math.max(utc, pieces[at][0]) : utc;
  }

  /** A date whose UTC fields are the wall clock's. */
  date(utc) {
    return new Date(this.wall(utc) * 1000);
  }

  /** UTC seconds at which units of the wall clock begin, from the last before `from` until `to`. */
  ticks(unit, count, from, to) {
    const found = [];
    for (let wall = floorWall(unit, this.wall(from)); ; wall = nextWall(unit, wall)) {
      const start = this.utc(wall);
      if (start >= to) break;
      if (unit !== "hour" && unit !== "minute") found.push(start);
      else this.within(wall, unit === "hour" ? count * HOUR : count * 60, found);
    }
    let first = 0;
    while (first + 1 < found.length && found[first + 1] <= from) first++;
    return found.slice(first).filter((tick, at, all) => tick < to && tick !== all[at - 1]);
  }

  /** When the works' day of a moment began. */
  midnight(utc) {
    return this.utc(floorWall("day", this.wall(utc)));
  }

  /** Ticks of one day: each hour that passes, or the hours that the clock shows where steps are longer. */
  within(midnight, step, found) {
    const end = this.utc(midnight + DAY), start = this.utc(midnight);
    if (step <= HOUR) for (let tick = start; tick < end; tick += step) found.push(tick);
    else for (let wall = midnight; wall < midnight + DAY; wall += step) found.push(this.utc(wall));
  }

  /** To the nearest multiple of `step` seconds after the day's midnight. */
  snap(utc, step) {
    if (!step) return Math.round(utc);
    const midnight = this.midnight(utc);
    return midnight + Math.round((utc - midnight) / step) * step;
  }

  stamp(utc) {
    const date = this.date(utc);
    return `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())} ${this.hours(utc)}`;
  }

  hours(utc) {
    const date = this.date(utc);
    return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
  }

  /** Day and hours as people say them: 3月2日 周一 06:00. */
  said(utc, english) {
    return `${this.day(utc, english)} ${this.hours(utc)}`;
  }

  day(utc, english) {
    const date = this.date(utc), weekday = WEEKDAYS[date.getUTCDay()][english ? 1 : 0], day = date.getUTCDate();
    return english ? `${weekday} ${day} ${MONTHS[date.getUTCMonth()]}` : `${date.getUTCMonth() + 1}月${day}日 ${weekday}`;
  }

  month(utc, english) {
    const date = this.date(utc), year = date.getUTCFullYear();
    return english ? `${MONTHS[date.getUTCMonth()]} ${year}` : `${year}年${date.getUTCMonth() + 1}月`;
  }

  /** A label of an axis tick. */
  label(unit, utc, english) {
    const date = this.date(utc), month = date.getUTCMonth(), day = date.getUTCDate();
    if (unit === "hour" || unit === "minute") return this.hours(utc);
    if (unit === "weekday") return english ? `${WEEKDAYS[date.getUTCDay()][1]} ${day}` : `${day} ${WEEKDAYS[date.getUTCDay()][0]}`;
    if (unit === "day") return String(day);
    if (unit === "week") return english ? `${day} ${MONTHS[month]}` : `${month + 1}/${day}`;
    if (unit === "month") return english ? MONTHS[month] : `${month + 1}月`;
    return String(date.getUTCFullYear());
  }
}

function floorWall(unit, wall) {
  const midnight = Math.floor(wall / DAY) * DAY, date = new Date(midnight * 1000);
  if (unit === "week") return midnight - ((date.getUTCDay() + 6) % 7) * DAY;
  if (unit === "month") return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) / 1000;
  if (unit === "year") return Date.UTC(date.getUTCFullYear(), 0, 1) / 1000;
  return midnight;
}

function nextWall(unit, wall) {
  const date = new Date(wall * 1000);
  if (unit === "week") return wall + 7 * DAY;
  if (unit === "month") return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) / 1000;
  if (unit === "year") return Date.UTC(date.getUTCFullYear() + 1, 0, 1) / 1000;
  return wall + DAY;
}

/** Seconds as people say them: 3 h 20 min; 2 天 4 小时. */
export function lasting(seconds, english) {
  const minutes = Math.round(Math.abs(seconds) / 60);
  const names = english ? ["d", "h", "min"] : ["天", "小时", "分"];
  const parts = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60), minutes % 60];
  const said = parts.map((number, at) => (number ? `${number}\u202f${names[at]}` : "")).filter(Boolean).slice(0, 2);
  return said.join(" ") || `0\u202f${names[2]}`;
}
