// One panel for the whole page: a badge or a mark opens it beside itself, Escape or a click elsewhere closes it.

import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { ComponentChildren } from "preact";

interface Shown {
  anchor: Element;
  label: string;
  content: () => ComponentChildren;
}

const shown = signal<Shown | null>(null);

// closed is what was last closed: a click on its anchor closes it by itself, and must not open it again.
let closed: { anchor: Element; at: number } | null = null;

export function openEvidence(next: Shown): void {
  if (closed?.anchor === next.anchor && performance.now() - closed.at < 250) return;
  shown.value = next;
}

const edge = 8;

function place(panel: HTMLElement, anchor: Element): void {
  const at = anchor.getBoundingClientRect();
  const size = panel.getBoundingClientRect();
  const room = document.documentElement.clientWidth;
  const below = at.bottom + edge / 2;
  const above = at.top - size.height - edge / 2;
  const top = below + size.height > window.innerHeight && above > 0 ? above : below;
  panel.style.left = `${Math.max(edge, Math.min(at.left, room - size.width - edge)) + window.scrollX}px`;
  panel.style.top = `${top + window.scrollY}px`;
}

export function EvidencePanel() {
  const ref = useRef<HTMLDivElement>(null);
  const s = shown.value;
  useLayoutEffect(() => {
    const panel = ref.current;
    if (!panel || !s) return;
    panel.showPopover();
    s.anchor.setAttribute("aria-expanded", "true"); // by hand: a table has hundreds of openers, and one changes
    place(panel, s.anchor);
    panel.focus({ preventScroll: true });
    const watch = new ResizeObserver(() => place(panel, s.anchor)); // what is fetched arrives later
    watch.observe(panel);
    return () => {
      watch.disconnect();
      s.anchor.setAttribute("aria-expanded", "false");
    };
  }, [s]);
  return (
    <div
      id="evidence"
      class="evidence-panel"
      popover="auto"
      role="dialog"
      aria-label={s?.label ?? "Evidence"}
      tabIndex={-1}
      ref={ref}
      onToggle={(e) => {
        if ((e as unknown as ToggleEvent).newState !== "closed" || !shown.value) return;
        closed = { anchor: shown.value.anchor, at: performance.now() };
        shown.value = null;
      }}
    >
      {s?.content()}
    </div>
  );
}

// Opener is a word that opens the panel.
export function Opener(props: { class?: string; label: string; content: () => ComponentChildren; children: ComponentChildren }) {
  return (
    <button
      type="button"
      class={`badge ${props.class ?? ""}`}
      aria-haspopup="dialog"
      aria-expanded="false"
      onClick={(e) => openEvidence({ anchor: e.currentTarget, label: props.label, content: props.content })}
    >
      {props.children}
      <span class="hidden">: {props.label}</span>
    </button>
  );
}
