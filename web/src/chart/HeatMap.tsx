// The load by hour of the week, as a table whose cells are coloured by their figures.

import type { Week, WeekHour } from "../api/types";
import { count, percent, plain, short, times } from "../format";
import { useNarrow } from "../ui/useWindow";

const days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const hours = Array.from({ length: 24 }, (_, i) => i);
const clock = (h: number) => String(h).padStart(2, "0");

function figure(v: number): string {
  if (v === 0) return "0";
  if (v < 0.1) return "<0.1";
  return v < 10 ? String(Math.round(v * 10) / 10) : short(v);
}

function Cell({ h, day, hour, most, by }: { h: WeekHour | undefined; day: number; hour: number; most: number; by: Week["by"] }) {
  const at = `${days[day - 1]} ${clock(hour)}:00`;
  if (!h)
    return (
      <td class="unseen" title={`${at}: the log does not cover it`}>
        <span class="hidden">not covered</span>
      </td>
    );
  const heat = most > 0 ? h.per_hour / most : 0;
  return (
    <td
      class={h.per_hour === 0 ? "none-came" : ""}
      style={{ "--heat": percent(Math.round(heat * 1000) / 1000).replace("\u00a0", "") }}
      title={`${at}: ${plain(h.per_hour)} ${by} in the mean of ${plain(h.seen_hours)} hours seen, ${times(h.to_mean)} the mean hour`}
    >
      {figure(h.per_hour)}
    </td>
  );
}

export function HeatMap({ week: w }: { week: Week }) {
  const tall = useNarrow();
  const at = new Map(w.hours.map((h) => [h.day * 24 + h.hour, h]));
  const most = Math.max(0, ...w.hours.map((h) => h.per_hour));
  const cell = (day: number, hour: number) => (
    <Cell key={`${day}-${hour}`} h={at.get(day * 24 + hour)} day={day} hour={hour} most={most} by={w.by} />
  );
  const unseen = 168 - w.hours.length;
  return (
    <figure class="chart">
      <div class="heat-frame">
        <table class={tall ? "heat tall" : "heat"}>
          <caption>
            <b>{w.by === "tokens" ? "Tokens" : "Calls"} an hour</b>, in the mean, by hour of the week in UTC.{" "}
            <span class="muted">
              {unseen > 0 && `Hatched: the log covers no such hour (${count(unseen)} of 168). `}
              {w.hours.some((h) => h.per_hour === 0) && "0: covered, and nothing came."}
            </span>
          </caption>
          <thead>
            <tr>
              <td />
              {tall
                ? days.map((d) => (
                    <th key={d} scope="col">
                      <abbr title={d}>{d.slice(0, 2)}</abbr>
                    </th>
                  ))
                : hours.map((h) => (
                    <th key={h} scope="col">
                      {clock(h)}
                    </th>
                  ))}
            </tr>
          </thead>
          <tbody>
            {tall
              ? hours.map((h) => (
                  <tr key={h}>
                    <th scope="row">{clock(h)}</th>
                    {days.map((_, d) => cell(d + 1, h))}
                  </tr>
                ))
              : days.map((name, d) => (
                  <tr key={name}>
                    <th scope="row">
                      <abbr title={name}>{name.slice(0, 3)}</abbr>
                    </th>
                    {hours.map((h) => cell(d + 1, h))}
                  </tr>
                ))}
          </tbody>
        </table>
      </div>
    </figure>
  );
}
