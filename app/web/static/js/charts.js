// Draws the dashboard's charts from what stands beside them; without JavaScript the tables say the same.
const charts = [];
const FONT = getComputedStyle(document.body).fontFamily;
const MUTED = "#55626f";
const wide = (text, most = 12) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

function base(spec) {
  return {
    animation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
    textStyle: { fontFamily: FONT, fontSize: 12 },
    color: spec.series.map((one) => one.color),
    grid: { left: 8, right: 14, top: 34, bottom: 4, containLabel: true },
    legend: { top: 0, left: 0, itemWidth: 12, itemHeight: 9, textStyle: { color: MUTED } },
    // Rich text is drawn on the canvas: an HTML tooltip would need inline styles, which our policy forbids.
    tooltip: { trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" }, confine: true },
  };
}
const category = (spec, most) => ({ type: "category", data: spec.categories, axisTick: { show: false }, axisLine: { lineStyle: { color: "#98a6b5" } },
  axisLabel: { color: MUTED, formatter: (text) => wide(text, most) } });
const value = () => ({ type: "value", minInterval: 1, splitLine: { lineStyle: { color: "#e8edf2" } }, axisLabel: { color: MUTED } });

const OPTIONS = {
  // How each kind divides, in hundredths; the numbers themselves are told when one points at it.
  shares(spec) {
    const totals = spec.categories.map((_, place) => spec.series.reduce((sum, one) => sum + one.data[place], 0));
    return { ...base(spec), xAxis: { ...value(), max: 100, minInterval: 0, axisLabel: { color: MUTED, formatter: "{value} %" } },
      yAxis: { ...category(spec, innerWidth < 600 ? 10 : 22), inverse: true },
      tooltip: { ...base(spec).tooltip, formatter: (rows) => [rows[0].name, ...rows.map((row) => `${row.seriesName}: ${spec.series[row.seriesIndex].data[row.dataIndex]} (${row.value.toFixed(0)} %)`)].join("\n") },
      series: spec.series.map((one) => ({ name: one.name, type: "bar", stack: "all", barMaxWidth: 20,
        data: one.data.map((number, place) => (totals[place] ? (number / totals[place]) * 100 : 0)) })) };
  },
  stacked(spec) {
    return { ...base(spec), xAxis: category(spec, 10), yAxis: value(),
      series: spec.series.map((one) => ({ name: one.name, type: "bar", stack: "all", barMaxWidth: 44, data: one.data })) };
  },
  bars(spec) {
    return { ...base(spec), legend: { show: false }, grid: { ...base(spec).grid, top: 20 }, xAxis: category(spec, 10), yAxis: value(),
      series: spec.series.map((one) => ({ name: one.name, type: "bar", barMaxWidth: 44, label: { show: true, position: "top", color: MUTED },
        data: one.data.map((number, place) => ({ value: number, itemStyle: one.colors ? { color: one.colors[place] } : {} })) })) };
  },
  lines(spec) {
    return { ...base(spec), xAxis: { ...category(spec, 10), boundaryGap: false }, yAxis: value(), tooltip: { ...base(spec).tooltip, axisPointer: { type: "line" } },
      series: spec.series.map((one, place) => ({ name: one.name, type: "line", symbol: "circle", symbolSize: 5, lineStyle: { width: 2, type: place ? "dashed" : "solid" }, data: one.data })) };
  },
  pareto(spec) {
    const [bars, line] = spec.series;
    return { ...base(spec), xAxis: { ...category(spec, 8), axisLabel: { color: MUTED, interval: 0, rotate: spec.categories.length > 6 || innerWidth < 600 ? 28 : 0, formatter: (text) => wide(text, 9) } },
      yAxis: [value(), { type: "value", min: 0, max: 100, splitLine: { show: false }, axisLabel: { color: MUTED, formatter: "{value} %" } }],
      series: [{ name: bars.name, type: "bar", barMaxWidth: 46, data: bars.data, label: { show: true, position: "top", color: MUTED } },
        { name: line.name, type: "line", yAxisIndex: 1, symbol: "circle", symbolSize: 6, data: line.data,
          markLine: { silent: true, symbol: "none", lineStyle: { color: "#a3181c", type: "dashed" }, label: { formatter: `${spec.vital} %`, color: "#a3181c", position: "insideStartTop" }, data: [{ yAxis: spec.vital }] } }] };
  },
};

if (window.echarts) {
  for (const place of document.querySelectorAll("[data-chart]")) {
    const spec = JSON.parse(place.dataset.chart);
    if (!spec.categories.length || !OPTIONS[spec.kind]) { place.hidden = true; continue; }
    if (spec.kind === "shares") place.style.height = `${Math.max(150, 64 + spec.categories.length * 26)}px`;
    const chart = window.echarts.init(place, null, { renderer: "canvas" });
    chart.setOption(OPTIONS[spec.kind](spec));
    charts.push(chart);
  }
  addEventListener("resize", () => charts.forEach((chart) => chart.resize()));
  document.documentElement.dataset.charts = String(charts.length);
}
