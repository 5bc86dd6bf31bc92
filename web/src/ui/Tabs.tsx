// Tabs after the ARIA pattern: arrows move the focus, Enter or Space opens, because opening may load a scenario.

import { useRef } from "preact/hooks";
import type { ComponentChildren } from "preact";

export interface Tab {
  id: string;
  name: string;
}

export function Tabs(props: {
  id: string;
  label: string;
  tabs: Tab[];
  selected: string;
  onSelect: (id: string) => void;
  children: ComponentChildren;
}) {
  const bar = useRef<HTMLDivElement>(null);
  const move = (e: KeyboardEvent) => {
    const buttons = [...(bar.current?.querySelectorAll<HTMLButtonElement>("[role=tab]") ?? [])];
    const i = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const last = buttons.length - 1;
    const to = { ArrowRight: i === last ? 0 : i + 1, ArrowLeft: i === 0 ? last : i - 1, Home: 0, End: last }[e.key];
    if (to === undefined || i < 0) return;
    e.preventDefault();
    buttons[to]?.focus();
  };
  const panel = `${props.id}-panel`;
  return (
    <div class="tabs">
      <div role="tablist" aria-label={props.label} ref={bar} onKeyDown={move}>
        {props.tabs.map((t) => (
          <button
            key={t.id}
            type="button"
            role="tab"
            id={`${props.id}-${t.id}`}
            aria-selected={t.id === props.selected}
            aria-controls={panel}
            tabIndex={t.id === props.selected ? 0 : -1}
            onClick={() => props.onSelect(t.id)}
          >
            {t.name}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={panel} aria-labelledby={`${props.id}-${props.selected}`} tabIndex={0}>
        {props.children}
      </div>
    </div>
  );
}
