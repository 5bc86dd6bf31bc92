// Words on a chart. Plot places marks by their data; these are placed by their pixels, so that labels of lines
// that end close together do not overlap, and annotations stay inside the frame.

const svg = "http://www.w3.org/2000/svg";

export interface Label {
  text: string;
  x: number;
  y: number;
  color?: string;
  anchor?: "start" | "middle" | "end";
  weight?: string;
  className?: string;
}

export function write(chart: Element, l: Label): SVGTextElement {
  const t = document.createElementNS(svg, "text");
  t.setAttribute("x", l.x.toFixed(1));
  t.setAttribute("y", l.y.toFixed(1));
  t.setAttribute("class", "word " + (l.className ?? ""));
  t.setAttribute("text-anchor", l.anchor ?? "start");
  if (l.color) t.style.fill = l.color;
  if (l.weight) t.style.fontWeight = l.weight;
  t.textContent = l.text;
  chart.append(t);
  return t;
}

// spread moves labels apart vertically, keeping their order, within a frame.
export function spread(labels: Label[], gap: number, top: number, bottom: number): Label[] {
  const sorted = labels.toSorted((a, b) => a.y - b.y).map((l) => ({ ...l }));
  sorted.forEach((l, i) => {
    const above = sorted[i - 1];
    l.y = Math.max(l.y, top, above ? above.y + gap : top);
  });
  for (let i = sorted.length - 1; i >= 0; i--) {
    const below = sorted[i + 1];
    const l = sorted[i]!;
    l.y = Math.min(l.y, below ? below.y - gap : bottom);
  }
  return sorted;
}

// The scale of a chart as ticks: 0.1×, 1×, 10×.
export const scaleTicks = [0.1, 0.2, 0.5, 1, 2, 5, 10];
export const scaleTick = (s: number) => `${s}×`;

// dollarTicks are the round amounts of a logarithmic axis.
export function dollarTicks(low: number, high: number): number[] {
  const ticks: number[] = [];
  for (let decade = 10 ** Math.floor(Math.log10(low)); decade <= high; decade *= 10) {
    for (const m of high / low > 300 ? [1] : high / low > 30 ? [1, 3] : [1, 2, 5]) {
      const v = decade * m;
      if (v >= low * 0.999 && v <= high * 1.001) ticks.push(v);
    }
  }
  return ticks;
}

// roundTicks are about so many round amounts of a linear axis that begins at zero.
export function roundTicks(high: number, about: number): number[] {
  const rough = high / about;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * unit).find((s) => s >= rough * (1 - 1e-9))!;
  return Array.from({ length: Math.floor(high / step + 1e-9) + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}
