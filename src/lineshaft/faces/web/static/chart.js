// Bars of figures side by side, drawn by ECharts in the colours of the page; the numbers stand in the page as a table too.
const root = document.documentElement, style = getComputedStyle(root);
const resolve = (name) => {
  const probe = Object.assign(document.createElement("span"), { hidden: true });
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  return `rgb(${[...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).join(",")})`;
};

for (const holder of document.querySelectorAll("[data-chart]")) {
  const { names, series } = JSON.parse(holder.dataset.chart);
  const chart = echarts.init(holder, null, { renderer: "canvas" });
  const ink = resolve("--ink"), quiet = resolve("--quiet"), line = resolve("--line");
  chart.setOption({
    animation: false, aria: { enabled: true }, textStyle: { color: ink, fontFamily: style.getPropertyValue("--font") },
    grid: { left: 8, right: 72, top: 32, bottom: 8, containLabel: true },
    legend: { top: 0, left: 0, textStyle: { color: quiet } },
    xAxis: { type: "value", axisLabel: { color: quiet, formatter: "{value} %" }, splitLine: { lineStyle: { color: line } } },
    yAxis: { type: "category", inverse: true, data: names, axisLabel: { color: ink }, axisLine: { lineStyle: { color: line } }, axisTick: { show: false } },
    series: series.map((one, at) => ({
      type: "bar", name: one.name, data: one.shares.map((share, n) => ({ value: share, label: { show: true, position: "right", color: ink, formatter: one.said[n] } })),
      itemStyle: { color: resolve(at ? "--accent" : "--planned") }, barMaxWidth: 14, barGap: "20%",
    })),
  });
  new ResizeObserver(() => chart.resize()).observe(holder);
  const save = document.querySelector(`[data-chart-save="${holder.id}"]`);
  save?.addEventListener("click", () => {
    const link = Object.assign(document.createElement("a"), { href: chart.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: resolve("--surface") }), download: "figures.png" });
    link.click();
  });
}
