// A number that can be typed as people write it: 40,000 or 40k.

import { useState } from "preact/hooks";
import { parse, plain } from "../format";

export interface NumberBoxProps {
  value: number;
  onValue: (v: number) => void;
  id?: string;
  label?: string;
  unit: "USD" | "share" | "count";
  describedBy?: string;
  step?: (key: string) => void;
}

const shown = (value: number, unit: NumberBoxProps["unit"]) => plain(unit === "share" ? value * 100 : value);

export function NumberBox(props: NumberBoxProps) {
  const [draft, setDraft] = useState<string | null>(null);
  const bad = draft !== null && Number.isNaN(parse(draft));
  const type = (text: string) => {
    setDraft(text);
    const v = parse(text);
    if (!Number.isNaN(v)) props.onValue(props.unit === "share" ? Math.round(v * 1e6) / 1e8 : v);
  };
  return (
    <input
      type="text"
      inputMode="decimal"
      autoComplete="off"
      class="number"
      id={props.id}
      aria-label={props.label}
      aria-invalid={bad}
      aria-describedby={props.describedBy}
      value={draft ?? shown(props.value, props.unit)}
      onInput={(e) => type(e.currentTarget.value)}
      onBlur={() => setDraft(null)}
      onKeyDown={(e) => {
        if (e.key === "Enter") setDraft(null);
        if (props.step && ["ArrowUp", "ArrowDown", "PageUp", "PageDown"].includes(e.key)) {
          e.preventDefault();
          setDraft(null);
          props.step(e.key);
        }
      }}
    />
  );
}
