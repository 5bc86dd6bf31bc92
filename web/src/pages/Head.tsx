// The top of a page: its title, what it shows, and how to read it.

import { useEffect } from "preact/hooks";
import type { ComponentChildren } from "preact";

export function Head(props: { title: string; kicker?: ComponentChildren; children?: ComponentChildren }) {
  useEffect(() => {
    document.title = `${props.title} · Breakeven`;
  }, [props.title]);
  return (
    <div class="page-head">
      {props.kicker && <p class="kicker">{props.kicker}</p>}
      <h1 tabIndex={-1}>{props.title}</h1>
      {props.children}
    </div>
  );
}

export function Waiting({ children }: { children: ComponentChildren }) {
  return (
    <p class="muted" aria-busy="true">
      {children}
    </p>
  );
}
