// A chart with its description, and the table of its numbers one click away.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";

export interface FigureProps {
  title: ComponentChildren;
  // describes is the chart in words, for those who cannot see it.
  describes: string;
  // draw makes the chart for a width in CSS pixels.
  draw: (width: number) => Element;
  // drawn changes with what is drawn.
  drawn: unknown;
  table: { caption: string; head: string[]; rows: () => string[][] };
  note?: ComponentChildren;
}

export function Figure({ title, describes, draw, drawn, table, note }: FigureProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [open, setOpen] = useState(false);
  useLayoutEffect(() => {
    const el = frame.current;
    if (!el) return;
    setWidth(Math.floor(el.clientWidth));
    const watch = new ResizeObserver(() => setWidth(Math.floor(el.clientWidth)));
    watch.observe(el);
    return () => watch.disconnect();
  }, []);
  const empty = useRef(true);
  useLayoutEffect(() => {
    if (width === 0) return;
    const paint = () => {
      const chart = draw(width);
      chart.setAttribute("aria-hidden", "true"); // the frame says what is on it
      frame.current?.replaceChildren(chart);
      empty.current = false;
    };
    if (empty.current) {
      paint();
      return;
    }
    // A chart that only moves waits for the words to be painted, and for no more than the newest answer.
    let task = 0;
    const frameTask = requestAnimationFrame(() => (task = window.setTimeout(paint)));
    return () => {
      cancelAnimationFrame(frameTask);
      window.clearTimeout(task);
    };
  }, [width, drawn]);
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <div class="plot" role="img" aria-label={describes} ref={frame} />
      {note && <p class="note">{note}</p>}
      <p class="tools">
        <button type="button" class="link" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Hide the numbers" : "Show the numbers"}
          <span class="hidden"> of the chart: {table.caption}</span>
        </button>
      </p>
      {open && <DataTable caption={table.caption} head={table.head} rows={table.rows()} />}
    </figure>
  );
}

function DataTable({ caption, head, rows }: { caption: string; head: string[]; rows: string[][] }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={caption}>
      <table class="data">
        <caption>{caption}</caption>
        <thead>
          <tr>
            {head.map((h) => (
              <th key={h} scope="col">
                {h}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells) => (
            <tr key={cells[0]}>
              {cells.map((c, i) =>
                i === 0 ? (
                  <th key={i} scope="row">
                    {c}
                  </th>
                ) : (
                  <td key={i}>{c}</td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
