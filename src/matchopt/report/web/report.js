"use strict";
// Draws what the page holds as data; it asks the network for nothing and puts text in as text only.
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const say = data.words;
  const locale = data.lang === "zh" ? "zh-CN" : "en-US";
  const plain = new Intl.NumberFormat(locale, { maximumFractionDigits: 3 });
  const coins = new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const percent = new Intl.NumberFormat(locale, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const round = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 });
  const compact = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 });
  const COLOURS = { served: "#0f766e", unmet: "#f0b48a", donor: "#1d4e89", hub: "#b7791f", goal: "#0f766e" };
  const KINDS = ["#0f766e", "#1d4e89", "#64748b", "#4d7c0f", "#b7791f"];
  const SERIES = ["#9f1239", "#c2410c", "#b7791f", "#4d7c0f", "#64748b", "#1d4e89", "#0f766e", "#6b21a8"];
  const FONT = getComputedStyle(document.body).fontFamily;
  const ROW = 28;

  function share(part, whole) {
    if (!whole) return "–";
    const value = part / whole;
    if (value < 1 && value > 0.9995) return "> " + percent.format(0.999);
    if (value > 0 && value < 0.0005) return "< " + percent.format(0.001);
    return percent.format(value);
  }

  function labelWidth(width) {
    return Math.max(80, Math.min(220, Math.round(width * 0.34)));
  }

  function base() {
    return {
      animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      textStyle: { fontFamily: FONT, color: "#17212b" },
      tooltip: { renderMode: "richText", confine: true, textStyle: { fontSize: 13 } },
    };
  }

  function names(labels, width) {
    return {
      type: "category", data: labels, inverse: true, axisTick: { show: false }, axisLine: { show: false },
      axisLabel: { width: labelWidth(width), overflow: "truncate", color: "#17212b", fontSize: 13 },
    };
  }

  const draw = {
    coverage(c, width) {
      const left = labelWidth(width) + 16;
      return {
        height: c.labels.length * ROW + 40,
        option: {
          ...base(),
          grid: { left, right: 64, top: 4, bottom: 28 },
          xAxis: {
            type: "value", min: 0, max: 1, splitLine: { lineStyle: { color: "#e8edf1" } },
            axisLabel: { hideOverlap: true, formatter: (v) => round.format(v), color: "#4a5763" },
          },
          yAxis: names(c.labels, width),
          tooltip: {
            ...base().tooltip, trigger: "axis", axisPointer: { type: "shadow" },
            formatter(points) {
              const k = points[0].dataIndex;
              return [
                c.labels[k], say.served + ": " + plain.format(c.served[k]) + " (" + share(c.served[k], c.served[k] + c.unmet[k]) + ")",
                say.unmet + ": " + plain.format(c.unmet[k]),
              ].join("\n");
            },
          },
          series: [
            {
              name: say.served, type: "bar", stack: "all", barWidth: 16, itemStyle: { color: COLOURS.served, borderRadius: [3, 0, 0, 3] },
              data: c.share,
            },
            {
              name: say.unmet, type: "bar", stack: "all", barWidth: 16, itemStyle: { color: COLOURS.unmet, borderRadius: [0, 3, 3, 0] },
              data: c.share.map((s) => 1 - s),
              label: {
                show: true, position: "right", color: "#17212b", fontSize: 12,
                formatter: (p) => share(c.served[p.dataIndex], c.served[p.dataIndex] + c.unmet[p.dataIndex]),
              },
            },
          ],
        },
      };
    },

    bars(c, width) {
      const left = labelWidth(width) + 16;
      const figure = c.money ? coins : plain;
      return {
        height: c.labels.length * ROW + 16,
        option: {
          ...base(),
          grid: { left, right: 92, top: 4, bottom: 4 },
          xAxis: { type: "value", show: false },
          yAxis: names(c.labels, width),
          tooltip: {
            ...base().tooltip, trigger: "axis", axisPointer: { type: "shadow" },
            formatter: (points) => c.labels[points[0].dataIndex] + "\n" + figure.format(c.values[points[0].dataIndex]) + " " + c.unit,
          },
          series: [{
            type: "bar", data: c.values, barWidth: 16, itemStyle: { color: COLOURS.donor, borderRadius: 3 },
            label: { show: true, position: "right", fontSize: 12, color: "#17212b", formatter: (p) => figure.format(p.value) },
          }],
        },
      };
    },

    stacked(c, width) {
      const left = labelWidth(width) + 16;
      return {
        height: c.labels.length * ROW + 64,
        option: {
          ...base(),
          color: c.colours || SERIES,
          legend: { bottom: 0, type: "scroll", textStyle: { color: "#17212b" } },
          grid: { left, right: 24, top: 4, bottom: 56 },
          xAxis: { type: "value", axisLabel: { formatter: (v) => compact.format(v), color: "#4a5763" }, splitLine: { lineStyle: { color: "#e8edf1" } } },
          yAxis: names(c.labels, width),
          tooltip: {
            ...base().tooltip, trigger: "axis", axisPointer: { type: "shadow" },
            formatter: (points) => [c.labels[points[0].dataIndex], ...points.filter((p) => p.value).map((p) => p.seriesName + ": " + plain.format(p.value))].join("\n"),
          },
          series: c.series.map((s) => ({ name: s.name, type: "bar", stack: "all", barWidth: 16, data: s.values })),
        },
      };
    },

    pairs(c, width) {
      const left = labelWidth(width) + 16;
      const many = c.series.length, thick = many > 2 ? 11 : 14;
      const figure = c.share ? percent : compact, exact = c.share ? percent : plain;
      return {
        height: c.labels.length * (many * (thick + 2) + 16) + 64,
        option: {
          ...base(),
          color: many > 2 ? KINDS : [COLOURS.unmet, COLOURS.served],
          legend: { bottom: 0, textStyle: { color: "#17212b" } },
          grid: { left, right: 64, top: 4, bottom: 56 },
          xAxis: { type: "value", axisLabel: { formatter: (v) => figure.format(v), color: "#4a5763" }, splitLine: { lineStyle: { color: "#e8edf1" } } },
          yAxis: names(c.labels, width),
          tooltip: {
            ...base().tooltip, trigger: "axis", axisPointer: { type: "shadow" },
            formatter: (points) => [c.labels[points[0].dataIndex], ...points.map((p) => p.seriesName + ": " + exact.format(p.value))].join("\n"),
          },
          series: c.series.map((s) => ({
            name: s.name, type: "bar", barWidth: thick, barGap: "15%", data: s.values,
            label: { show: true, position: "right", fontSize: 11, color: "#17212b", formatter: (p) => (p.value ? figure.format(p.value) : "") },
          })),
        },
      };
    },

    streams(c, width) {
      const rows = [0, 1, 2].map((d) => c.nodes.filter((n) => n.depth === d).length);
      const sides = ["donor", "hub", "goal"];
      const room = Math.min(200, Math.round(width * 0.24));
      return {
        height: Math.max(320, Math.max(...rows) * 32 + 24),
        option: {
          ...base(),
          tooltip: {
            ...base().tooltip,
            formatter(p) {
              const name = (id) => id.slice(id.indexOf("|") + 1);
              if (p.dataType === "edge") return name(p.data.source) + " → " + name(p.data.target) + "\n" + plain.format(p.data.value) + " " + say.units;
              return name(p.name) + "\n" + plain.format(p.value) + " " + say.units;
            },
          },
          series: [{
            type: "sankey", left: room, right: room, top: 8, bottom: 8, nodeGap: 9, nodeWidth: 12, draggable: false,
            data: c.nodes.map((n) => ({
              name: n.id, depth: n.depth, itemStyle: { color: COLOURS[sides[n.depth]] },
              label: { position: n.depth === 0 ? "left" : "right" },
            })),
            links: c.links.map(([source, target, value]) => ({ source, target, value })),
            lineStyle: { color: "source", opacity: 0.28, curveness: 0.5 },
            emphasis: { focus: "adjacency", lineStyle: { opacity: 0.6 } },
            label: {
              formatter: (p) => p.name.slice(p.name.indexOf("|") + 1), width: room - 12, overflow: "truncate",
              fontSize: 12, color: "#17212b", textBorderColor: "#fff", textBorderWidth: 2,
            },
          }],
        },
      };
    },

    map(c, width) {
      const points = [...c.communities.map((p) => [p[1], p[2]]), ...c.hubs.map((p) => [p[1], p[2]]), ...c.flows.flatMap((f) => [[f[2], f[3]], [f[4], f[5]]])];
      const lats = points.map((p) => p[1]);
      const middle = (Math.min(...lats) + Math.max(...lats)) / 2;
      const squeeze = Math.cos((middle * Math.PI) / 180);
      const at = (lon, lat) => [lon * squeeze, lat];
      const xs = points.map((p) => p[0] * squeeze);
      let [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...lats), Math.max(...lats)];
      const height = Math.round(Math.max(360, Math.min(680, width * 0.75)));
      const inner = [width - 48, height - 96];
      // One degree is as long to the north as to the east: the map keeps its shape.
      const scale = Math.max((x1 - x0) / inner[0], (y1 - y0) / inner[1], 1e-6) * 1.08;
      const cx = (x0 + x1) / 2, cy = (y0 + y1) / 2;
      [x0, x1, y0, y1] = [cx - (scale * inner[0]) / 2, cx + (scale * inner[0]) / 2, cy - (scale * inner[1]) / 2, cy + (scale * inner[1]) / 2];
      const widest = Math.max(1e-9, ...c.flows.map((f) => f[6]));
      const largest = Math.max(1e-9, ...c.communities.map((p) => p[3]));
      const axis = (min, max) => ({ type: "value", min, max, show: false });
      return {
        height,
        option: {
          ...base(),
          grid: { left: 24, right: 24, top: 12, bottom: 84 },
          xAxis: axis(x0, x1), yAxis: axis(y0, y1),
          visualMap: {
            type: "continuous", min: 0, max: 1, dimension: 2, seriesIndex: 2, orient: "horizontal", left: "center", bottom: 4,
            text: [say.coverage + " " + round.format(1), round.format(0)], calculable: false, itemHeight: 140,
            formatter: (v) => round.format(v), textStyle: { color: "#17212b" },
            inRange: { color: ["#9f1239", "#e08a4c", "#f2d98b", "#7fb8a4", "#0f766e"] },
          },
          tooltip: {
            ...base().tooltip,
            formatter(p) {
              if (p.seriesType === "lines") return c.flows[p.dataIndex][0] + " → " + c.flows[p.dataIndex][1] + "\n" + plain.format(c.flows[p.dataIndex][6]) + " " + say.units;
              if (p.seriesIndex === 1) return say.hub + ": " + p.name;
              const one = c.communities[p.dataIndex];
              return one[0] + "\n" + say.served + ": " + plain.format(one[4]) + " / " + plain.format(one[3]) + " (" + share(one[4], one[3]) + ")";
            },
          },
          series: [
            {
              type: "lines", coordinateSystem: "cartesian2d", z: 1,
              data: c.flows.map((f) => ({
                coords: [at(f[2], f[3]), at(f[4], f[5])],
                lineStyle: { width: 0.8 + 7 * Math.sqrt(f[6] / widest), color: "#1d4e89", opacity: 0.22, curveness: 0.12 },
              })),
            },
            {
              type: "scatter", symbol: "rect", symbolSize: 13, z: 3, itemStyle: { color: "#b7791f", borderColor: "#fff", borderWidth: 1.5 },
              data: c.hubs.map((p) => ({ name: p[0], value: at(p[1], p[2]) })),
              label: { show: width > 700, formatter: "{b}", position: "bottom", fontSize: 11, color: "#6b4a0f", textBorderColor: "#fff", textBorderWidth: 2 },
              labelLayout: { hideOverlap: true },
            },
            {
              type: "scatter", z: 4, itemStyle: { borderColor: "#fff", borderWidth: 1.5 },
              symbolSize: (v) => 9 + 24 * Math.sqrt(v[3] / largest),
              data: c.communities.map((p) => ({ name: p[0], value: [...at(p[1], p[2]), p[5], p[3]] })),
              label: { show: true, formatter: "{b}", position: "top", fontSize: 11, color: "#17212b", textBorderColor: "#fff", textBorderWidth: 2 },
              labelLayout: { hideOverlap: true },
            },
          ],
        },
      };
    },

    storage(c, width) {
      const wide = width > 720 ? 2 : 1;
      const rows = Math.ceil(c.hubs.length / wide);
      const cell = 150;
      const grid = [], xAxis = [], yAxis = [], series = [], title = [];
      c.hubs.forEach((hub, k) => {
        const column = k % wide, row = Math.floor(k / wide);
        const left = column * (width / wide) + 52;
        grid.push({ left, width: width / wide - 80, top: row * cell + 30, height: cell - 64 });
        title.push({ text: hub.name, left: left - 40, top: row * cell, textStyle: { fontSize: 13, fontWeight: 600, color: "#17212b" } });
        xAxis.push({ type: "category", data: c.days, gridIndex: k, axisLabel: { formatter: (d) => d.slice(5), color: "#4a5763", fontSize: 11 }, axisTick: { show: false } });
        yAxis.push({
          type: "value", gridIndex: k, max: hub.limit === null ? undefined : Math.max(hub.limit, ...hub.kg) * 1.08, splitNumber: 2,
          axisLabel: { formatter: (v) => compact.format(v), color: "#4a5763", fontSize: 11 }, splitLine: { lineStyle: { color: "#eef2f5" } },
        });
        series.push({
          name: hub.name, type: "line", step: "end", xAxisIndex: k, yAxisIndex: k, data: hub.kg, symbol: "none",
          lineStyle: { color: "#b7791f", width: 2 }, areaStyle: { color: "#f1dfbd" },
          markLine: hub.limit === null ? undefined : {
            silent: true, symbol: "none", lineStyle: { color: "#9f1239", type: "dashed" },
            label: { formatter: say.limit + " " + plain.format(hub.limit), position: "insideStartTop", color: "#9f1239", fontSize: 11 },
            data: [{ yAxis: hub.limit }],
          },
        });
      });
      return {
        height: rows * cell + 8,
        option: {
          ...base(), title, grid, xAxis, yAxis, series,
          tooltip: { ...base().tooltip, trigger: "axis", formatter: (points) => points[0].seriesName + "\n" + points[0].axisValue + ": " + plain.format(points[0].value) + " kg" },
        },
      };
    },
  };

  const drawn = {};
  function render() {
    for (const [id, chart] of Object.entries(data.charts)) {
      const place = document.getElementById("c-" + id);
      if (!place) continue;
      const width = place.clientWidth;
      const { height, option } = draw[chart.kind](chart, width);
      place.style.height = height + "px";
      if (!drawn[id]) drawn[id] = echarts.init(place, null, { renderer: "svg", width, height, locale: data.lang.toUpperCase() });
      else drawn[id].resize({ width, height });
      drawn[id].setOption(option, true);
    }
  }

  // --- tables ------------------------------------------------------------------------------

  function cell(column, k) {
    const codes = column.cells.codes;
    return codes ? column.cells.texts[codes[k]] : column.cells[k];
  }

  const figures = {
    number: (v) => plain.format(v), count: (v) => plain.format(v), money: (v) => coins.format(v), share: (v) => percent.format(v),
  };

  function escaped(text) {
    const box = document.createElement("span");
    box.textContent = text;
    return box.innerHTML;
  }

  const grids = {};
  function tabulate(id, table) {
    const rows = [];
    for (let k = 0; k < table.rows; k++) {
      const row = { id: k };
      table.columns.forEach((column, c) => { row["c" + c] = cell(column, k); });
      rows.push(row);
    }
    const columns = table.columns.map((column, c) => {
      const textual = column.kind === "text" || column.kind === "day";
      const wordy = Math.max(...column.title.split(" ").map((word) => word.length * (/[^\x00-\x7f]/.test(word) ? 2 : 1)));
      const longest = Math.max(wordy + 3, ...rows.slice(0, 200).map((r) => String(r["c" + c] ?? "").length));
      return {
        title: escaped(column.title), field: "c" + c, sorter: textual ? "string" : "number", sorterParams: { alignEmptyValues: "bottom" },
        hozAlign: textual ? "left" : "right", headerHozAlign: textual ? "left" : "right",
        minWidth: Math.max(84, Math.min(260, longest * 8 + 24)), widthGrow: textual ? 2 : 1,
        headerFilter: "input", headerFilterFunc: textual ? "like" : ">=",
        headerFilterPlaceholder: textual ? say.filter : "≥",
        headerFilterParams: { elementAttributes: { "aria-label": say.filter + ": " + column.title + (textual ? "" : " (" + say.least + ")") } },
        formatter: textual ? "plaintext" : (c_) => {
          const value = c_.getValue();
          if (value === null || value === undefined) return data.public ? say.few : "";
          return figures[column.kind](value);
        },
      };
    });
    const place = document.getElementById("t-" + id);
    const made = new Tabulator(place, {
      data: rows, columns, layout: "fitColumns", pagination: rows.length > 15, paginationSize: 15, 
      paginationElement: document.getElementById("p-" + id), placeholder: say.none, locale: "page", columnDefaults: { resizable: false }, height: false,
      langs: { page: { pagination: {
        first: "«", first_title: say.first, last: "»", last_title: say.last, prev: "‹", prev_title: say.previous, next: "›", next_title: say.next,
        page_title: say.page,
      } } },
    });
    made.on("tableBuilt", () => {
      place.setAttribute("aria-label", table.title);
      // What scrolls takes the focus, and so it has to be what holds the rows.
      place.querySelector(".tabulator-tableholder").setAttribute("role", "rowgroup");
      place.querySelector(".tabulator-table").setAttribute("role", "presentation");
      for (const column of made.getColumns()) byKeys(made, column);
    });
    made.on("dataFiltered", (_, found) => {
      document.getElementById("n-" + id).textContent = plain.format(found.length) + " " + say.rows;
    });
    grids[id] = made;
  }

  function byKeys(grid, column) {
    const head = column.getElement();
    head.tabIndex = 0;
    head.addEventListener("keydown", (event) => {
      if (event.target !== head || (event.key !== "Enter" && event.key !== " ")) return;
      event.preventDefault();
      grid.setSort(column.getField(), head.getAttribute("aria-sort") === "ascending" ? "desc" : "asc");
    });
  }

  // A spreadsheet would run a cell that begins so as a formula: an apostrophe keeps it a text.
  const FORMULA = /^[=+\-@\t\r]/;

  function csv(table, rows) {
    const quoted = (text) => (/[",\r\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text);
    const written = (column, value) => {
      if (value === null || value === undefined) return "";
      const textual = column.kind === "text" || column.kind === "day";
      return quoted(textual && FORMULA.test(value) ? "'" + value : String(value));
    };
    const lines = [table.columns.map((c) => quoted(c.title)).join(",")];
    for (const row of rows) lines.push(table.columns.map((c, k) => written(c, row["c" + k])).join(","));
    return "\ufeff" + lines.join("\r\n") + "\r\n";
  }

  function save(id) {
    const rows = grids[id].getData("active");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv(data.tables[id], rows)], { type: "text/csv;charset=utf-8" }));
    link.download = id + ".csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  // --- stories -----------------------------------------------------------------------------

  function element(kind, text, mark) {
    const made = document.createElement(kind);
    if (text !== undefined) made.textContent = text;
    if (mark) made.className = mark;
    return made;
  }

  function tell(place, story) {
    place.replaceChildren(...story.said.map((sentence) => element("p", sentence)));
    if (!story.groups || !story.groups.length) return;
    const table = element("table");
    const head = element("tr");
    [say.group, ...say.counts].forEach((title, k) => {
      const th = element("th", title, k > 0 ? "n" : "");
      th.scope = "col";
      head.append(th);
    });
    table.append(head);
    for (const [name, ...rest] of story.groups) {
      const row = element("tr");
      const th = element("th", name);
      th.scope = "row";
      row.append(th, ...rest.slice(0, say.counts.length).map((n) => element("td", n === null ? say.few : plain.format(n), "n")));
      table.append(row);
      const reason = rest[say.counts.length];
      if (!reason) continue;
      row.className = "open";
      const why = element("td", say.why + (data.lang === "zh" ? "：" : ": ") + reason, "why");
      why.colSpan = say.counts.length + 1;
      const below = element("tr");
      below.append(why);
      table.append(below);
    }
    const box = element("div", undefined, "scroll");
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", story.name);
    box.append(table);
    place.append(box);
  }

  function follow(kind, stories) {
    const pick = document.getElementById("pick-" + kind);
    const place = document.getElementById("story-" + kind);
    if (!pick || !stories.length) return;
    const show = () => tell(place, stories[pick.value]);
    pick.addEventListener("change", show);
    show();
  }

  render();
  let waiting = 0;
  let last = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === last) return;
    last = innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(render, 120);
  });
  for (const [id, table] of Object.entries(data.tables)) tabulate(id, table);
  document.querySelectorAll("button.export").forEach((b) => b.addEventListener("click", () => save(b.dataset.table)));
  follow("community", data.stories.communities);
  follow("donor", data.stories.donors);
  document.documentElement.dataset.ready = "yes";
})();
