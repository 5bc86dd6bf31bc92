// What GPUs have cost an hour: a small chart for each part, a line for each named price. There is no price of a part as
// such: series differ by several times, and between two points a series says nothing.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { GPUSeries } from "../api/types";
import { words } from "../format";
import { useData } from "../state/data";
import { Source, called } from "../ui/Badge";
import { Opener } from "../ui/Evidence";
import { Trouble } from "../ui/Trouble";

const height = 190;
const margin = { left: 34, right: 8, top: 10, bottom: 22 };

const styles = [
  { color: "var(--source-1)", dash: "" },
  { color: "var(--source-2)", dash: "6 3" },
  { color: "var(--source-3)", dash: "2 3" },
  { color: "var(--source-4)", dash: "9 3 2 3" },
];

const time = (month: string) => Date.parse(month + "-01T00:00:00Z");

const monthFormat = new Intl.DateTimeFormat("en-GB", { month: "short", year: "numeric", timeZone: "UTC" });
const month = (m: string) => monthFormat.format(new Date(time(m)));
const hourly = (usd: string) => "$" + Number(usd).toFixed(2);

interface Frame {
  from: number;
  to: number;
  high: number;
}

function Panel({ part, list, frame, width }: { part: string; list: GPUSeries[]; frame: Frame; width: number }) {
  const x = (t: number) => margin.left + ((t - frame.from) / (frame.to - frame.from)) * (width - margin.left - margin.right);
  const y = (v: number) => height - margin.bottom - (v / frame.high) * (height - margin.top - margin.bottom);
  const years = Array.from({ length: 4 }, (_, i) => Date.UTC(2024 + i, 0, 1)).filter((t) => t >= frame.from && t <= frame.to);
  return (
    <figure class="chart gpu" style={{ width: `${width}px` }}>
      <figcaption>
        <b>{part}</b>
      </figcaption>
      <svg width={width} height={height} aria-hidden="true">
        {[0, 5, 10, 15].map((v) => (
          <g key={v}>
            <line x1={margin.left} x2={width - margin.right} y1={y(v)} y2={y(v)} class={v === 0 ? "ground" : "grid"} />
            <text x={margin.left - 6} y={y(v) + 4} text-anchor="end">
              {v === 15 ? "$15" : v}
            </text>
          </g>
        ))}
        {years.map((t) => (
          <g key={t}>
            <line x1={x(t)} x2={x(t)} y1={y(0)} y2={y(0) + 4} class="ground" />
            <text x={x(t)} y={height - 6} text-anchor="middle">
              {new Date(t).getUTCFullYear()}
            </text>
          </g>
        ))}
        {list.map((s, i) => {
          const style = styles[i % styles.length]!;
          const points = s.points.map((p) => [x(time(p.month)), y(Number(p.usd_per_gpu_hour))] as const);
          return (
            <g key={s.id}>
              <polyline
                points={points.map((p) => p.join(",")).join(" ")}
                class="stated"
                stroke={style.color}
                stroke-dasharray={style.dash}
              />
              {points.map(([px, py], n) => (
                <circle key={n} cx={px} cy={py} r={3} fill={style.color} />
              ))}
            </g>
          );
        })}
      </svg>
      <ul>
        {list.map((s, i) => {
          const style = styles[i % styles.length]!;
          const [a, b] = [s.points[0]!, s.points.at(-1)!];
          return (
            <li key={s.id}>
              <svg width="22" height="8" class="swatch" aria-hidden="true">
                <line x1="0" x2="22" y1="4" y2="4" class="stated" stroke={style.color} stroke-dasharray={style.dash} />
              </svg>
              <span>
                {s.title}
                {s.term.startsWith("reserved") ? "" : `, ${words(s.term)}`}: <span class="figure">{hourly(a.usd_per_gpu_hour)}</span> in{" "}
                {month(a.month)}
                {b !== a && (
                  <>
                    , <b class="figure">{hourly(b.usd_per_gpu_hour)}</b> in {month(b.month)}
                  </>
                )}{" "}
                <Opener
                  class={s.provenance.kind}
                  label={`why ${s.title}?`}
                  content={() => (
                    <>
                      <p>
                        <b>{s.title}</b>
                      </p>
                      <p>
                        <Source of={s.provenance} />
                      </p>
                      <p>{s.points.map((p) => `${month(p.month)} ${hourly(p.usd_per_gpu_hour)}`).join("; ")}</p>
                    </>
                  )}
                >
                  {called(s.provenance.kind)}
                </Opener>
              </span>
            </li>
          );
        })}
      </ul>
    </figure>
  );
}

// partOf is the accelerator's family: the first word of a series' title.
const partOf = (s: GPUSeries) => s.title.split(/[ ,]/)[0]!;

export function GpuHistory() {
  const { data, problem, retry } = useData<GPUSeries[]>("/api/v1/gpus/history");
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const el = ref.current;
    if (!el) return;
    const look = () => {
      const room = el.clientWidth;
      const columns = room > 1000 ? 4 : room > 560 ? 2 : 1;
      setWidth(Math.floor((room - (columns - 1) * 28) / columns));
    };
    look();
    const watch = new ResizeObserver(look);
    watch.observe(el);
    return () => watch.disconnect();
  }, [data]);
  const series = data ?? [];
  const times = series.flatMap((s) => s.points.map((p) => time(p.month)));
  const frame = {
    from: Math.min(...times),
    to: Math.max(...times),
    high: Math.max(15, ...series.flatMap((s) => s.points.map((p) => Number(p.usd_per_gpu_hour)))),
  };
  return (
    <section class="plain" id="gpus" aria-labelledby="gpus-title">
      <h2 id="gpus-title">What GPUs have cost</h2>
      <p class="gloss">
        Dollars for one GPU and an hour, as named vendors and makers of tables had it. There is no price of a part as such: the same GPU
        differs by several times between vendors and terms. Dots are what is known; the lines between them only join them.
      </p>
      {problem && <Trouble problem={problem} retry={retry} />}
      <div class="gpus" ref={ref}>
        {width > 0 &&
          [...new Set(series.map(partOf))].map((part) => (
            <Panel key={part} part={part} list={series.filter((s) => partOf(s) === part)} frame={frame} width={width} />
          ))}
      </div>
    </section>
  );
}
