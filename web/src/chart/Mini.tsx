// The small chart over a slider: the gap over the input's whole range, zero line, and where the slider stands.
// Above the line the API is cheaper, below it self-hosting is. The drawing is stretched to the slider's track.

import type { SweepPoint } from "../api/types";

const height = 40;
const pad = 2;

// bend draws gaps on a square-root scale: a range that spans decades would flatten everything but its end, and
// what the chart has to show is where the sign changes.
const bend = (gap: number) => Math.sign(gap) * Math.sqrt(Math.abs(gap));

export function Mini({ points, at, of, level }: { points: SweepPoint[]; at: number; of: number; level: number | undefined }) {
  const gaps = points.map((p) => bend(p.gap_usd_per_month));
  const top = Math.max(0, ...gaps);
  const bottom = Math.min(0, ...gaps);
  const span = top - bottom || 1;
  const y = (gap: number) => pad + ((top - gap) / span) * (height - 2 * pad);
  const x = (i: number) => (i / (points.length - 1)) * of;
  const zero = y(0);
  const line = gaps.map((g, i) => `${x(i).toFixed(1)},${y(g).toFixed(2)}`).join(" ");
  const area = `0,${zero} ${line} ${of},${zero}`;
  return (
    <div class="mini" aria-hidden="true">
      <svg viewBox={`0 0 ${of} ${height}`} preserveAspectRatio="none">
        <svg x="0" y="0" width={of} height={zero} viewBox={`0 0 ${of} ${zero || 0.01}`} preserveAspectRatio="none" overflow="hidden">
          <polygon class="api" points={area} />
        </svg>
        <svg x="0" y={zero} width={of} height={height - zero} viewBox={`0 ${zero} ${of} ${height - zero}`} preserveAspectRatio="none" overflow="hidden">
          <polygon class="self" points={area} />
        </svg>
        <line class="zero" x1="0" x2={of} y1={zero} y2={zero} />
        <polyline class="gap" points={line} />
        <line class="here" x1={at} x2={at} y1="0" y2={height} />
      </svg>
      {level !== undefined && <span class="level-dot" style={{ left: `${(level / of) * 100}%`, top: `${(zero / height) * 100}%` }} />}
    </div>
  );
}
