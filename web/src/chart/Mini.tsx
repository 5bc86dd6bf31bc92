// The small chart over a slider: the gap over the input's whole range, zero line, and where the slider stands.
// Above the line the API is cheaper, below it self-hosting is. The drawing is stretched to the slider's track.

import type { SweepPoint } from "../api/types";

const height = 40;
const pad = 2;

// bend draws gaps on a square-root scale: a range that spans decades would flatten everything but its end, and
// what the chart has to show is where the sign changes.
const bend = (gap: number) => Math.sign(gap) * Math.sqrt(Math.abs(gap));

// area is the outline between the zero line and the gaps of one sign.
function area(gaps: number[], sign: 1 | -1, x: (i: number) => number, y: (gap: number) => number): string {
  const corners: [number, number][] = [[0, 0]];
  gaps.forEach((g, i) => {
    const before = gaps[i - 1];
    // Where the sign changes between two points, the outline meets the zero line.
    if (before !== undefined && before * g < 0) corners.push([i - 1 + before / (before - g), 0]);
    corners.push([i, g * sign > 0 ? g : 0]);
  });
  corners.push([gaps.length - 1, 0]);
  return corners.map(([i, g]) => `${x(i).toFixed(1)},${y(g).toFixed(2)}`).join(" ");
}

export function Mini({ points, at, of, level }: { points: SweepPoint[]; at: number; of: number; level: number | undefined }) {
  const gaps = points.map((p) => bend(p.gap_usd_per_month));
  const top = Math.max(0, ...gaps);
  const bottom = Math.min(0, ...gaps);
  const span = top - bottom || 1;
  const y = (gap: number) => pad + ((top - gap) / span) * (height - 2 * pad);
  const x = (i: number) => (i / (points.length - 1)) * of;
  const zero = y(0);
  const line = gaps.map((g, i) => `${x(i).toFixed(1)},${y(g).toFixed(2)}`).join(" ");
  return (
    <div class="mini" aria-hidden="true">
      <svg viewBox={`0 0 ${of} ${height}`} preserveAspectRatio="none">
        {top > 0 && <polygon class="api" points={area(gaps, 1, x, y)} />}
        {bottom < 0 && <polygon class="self" points={area(gaps, -1, x, y)} />}
        <line class="zero" x1="0" x2={of} y1={zero} y2={zero} />
        <polyline class="gap" points={line} />
        <line class="here" x1={at} x2={at} y1="0" y2={height} />
      </svg>
      {level !== undefined && <span class="level-dot" style={{ left: `${(level / of) * 100}%`, top: `${(zero / height) * 100}%` }} />}
    </div>
  );
}
