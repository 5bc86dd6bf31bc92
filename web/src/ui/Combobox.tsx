// A text box that searches a list, after the ARIA combobox pattern.

import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";

export interface Choice {
  id: string;
  name: string;
  detail?: ComponentChildren;
  words: string; // what the search looks in, in lower case
}

const most = 40;

export function Combobox(props: {
  label: string;
  choices: Choice[];
  value: string; // the id of the choice, or "" for none
  placeholder?: string;
  hint?: string;
  onChoose: (id: string) => void;
}) {
  const id = useId();
  const [text, setText] = useState<string | null>(null);
  const [at, setAt] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const open = text !== null;
  const found = useMemo(() => {
    const asked = (text ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    return props.choices.filter((c) => asked.every((w) => c.words.includes(w)));
  }, [text, props.choices]);
  const shown = found.slice(0, most);
  useEffect(() => {
    list.current?.children[at]?.scrollIntoView({ block: "nearest" });
  }, [at, open]);
  const choose = (c: Choice | undefined) => {
    if (c) props.onChoose(c.id);
    setText(null);
  };
  const key = (e: KeyboardEvent) => {
    if (!open) {
      if (e.key === "ArrowDown") {
        e.preventDefault();
        setText("");
        setAt(0);
      }
      return;
    }
    const last = shown.length - 1;
    switch (e.key) {
      case "ArrowDown":
        setAt(at >= last ? 0 : at + 1);
        break;
      case "ArrowUp":
        setAt(at <= 0 ? last : at - 1);
        break;
      case "PageDown":
        setAt(Math.min(last, at + 10));
        break;
      case "PageUp":
        setAt(Math.max(0, at - 10));
        break;
      case "Enter":
        choose(shown[at]);
        break;
      case "Escape":
        setText(null);
        break;
      default:
        return;
    }
    e.preventDefault();
  };
  const value = props.choices.find((c) => c.id === props.value)?.name ?? props.value;
  return (
    <div class="combobox">
      <label for={`${id}-box`}>{props.label}</label>
      <input
        id={`${id}-box`}
        type="text"
        role="combobox"
        autoComplete="off"
        spellcheck={false}
        aria-expanded={open}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={open && shown[at] ? `${id}-${at}` : undefined}
        aria-describedby={props.hint ? `${id}-hint` : undefined}
        placeholder={props.placeholder}
        value={text ?? value}
        onInput={(e) => {
          setText(e.currentTarget.value);
          setAt(0);
        }}
        onClick={(e) => {
          if (!open) setText("");
          setAt(0);
          e.currentTarget.select();
        }}
        onBlur={() => setText(null)}
        onKeyDown={key}
      />
      <ul id={`${id}-list`} role="listbox" aria-label={props.label} ref={list} hidden={!open || shown.length === 0}>
        {open &&
          shown.map((c, i) => (
            <li
              key={c.id}
              id={`${id}-${i}`}
              role="option"
              aria-selected={i === at}
              onMouseDown={(e) => {
                e.preventDefault(); // keep the focus, or the list closes before the click lands
                choose(c);
              }}
            >
              <span>{c.name}</span>
              {c.detail && <span class="detail">{c.detail}</span>}
            </li>
          ))}
      </ul>
      {open && found.length === 0 && <p class="none">Nothing matches.</p>}
      {open && found.length > most && <p class="none">{found.length - most} more: type to narrow them down.</p>}
      {props.hint && (
        <p class="why" id={`${id}-hint`}>
          {props.hint}
        </p>
      )}
    </div>
  );
}
