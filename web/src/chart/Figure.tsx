// A chart with its description, and the table of its numbers one click away.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { count } from "../format";
import { useWidth } from "../ui/useWidth";

export interface FigureProps {
  title: ComponentChildren;
  // describes is the chart in words, for those who cannot see it.
  describes: string;
  // draw makes the chart for a width in CSS pixels.
  draw: (width: number) => Element;
  // drawn changes with what is drawn.
  drawn: unknown;
  table: Numbers;
  note?: ComponentChildren;
}

interface Numbers {
  caption: string;
  head: string[];
  rows: () => string[][];
}

export function Figure({ title, describes, draw, drawn, table, note }: FigureProps) {
  const { ref: frame, width } = useWidth();
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
      <Table of={table} />
    </figure>
  );
}

// Drawing is a chart that is drawn as a part of the page, for a width in CSS pixels.
export function Drawing(props: {
  title: ComponentChildren;
  table: Numbers;
  note?: ComponentChildren;
  tools?: ComponentChildren;
  children: (width: number) => ComponentChildren;
}) {
  const { ref, width } = useWidth();
  return (
    <figure class="chart">
      <figcaption>{props.title}</figcaption>
      <div class="plot" ref={ref}>
        {width > 0 && props.children(width)}
      </div>
      {props.note && <div class="note">{props.note}</div>}
      <Table of={props.table}>{props.tools}</Table>
    </figure>
  );
}

const most = 1000; // rows of a table on the page

function Table({ of: t, children }: { of: Numbers; children?: ComponentChildren }) {
  const [open, setOpen] = useState(false);
  const rows = open ? t.rows() : [];
  return (
    <>
      <p class="tools">
        <button type="button" class="link" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Hide the numbers" : "Show the numbers"}
          <span class="hidden"> of the chart: {t.caption}</span>
        </button>{" "}
        {children}
      </p>
      {open && <DataTable caption={t.caption} head={t.head} rows={rows.slice(0, most)} />}
      {rows.length > most && <p class="note">The first {count(most)} of {count(rows.length)} rows.</p>}
    </>
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
          {rows.map((cells, row) => (
            <tr key={row}>
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
