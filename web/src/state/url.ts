// A view as a query string: v=1 and what differs from the base view, with sorted keys. A link is decoded the
// same way, field by field; what cannot be read is reported and left at its default.

import type { ConstraintName, PartName, Preset } from "../api/types";
import { base, firstPreset, type CalcView, type View, type WorkView } from "./view";

interface Field {
  read(v: View): string;
  // write returns the view with the field set, and undefined where the text makes no sense.
  write(v: View, text: string): View | undefined;
}

const partNames: PartName[] = ["api", "gpu", "ops", "tooling", "utilization", "design_utilization"];
const toggles: Exclude<ConstraintName, "compliance" | "attested">[] = ["elastic", "model_quality", "data_inside", "low_latency", "portable", "no_mlops"];

const numeric = (text: string) => (text.trim() === "" || !Number.isFinite(Number(text)) ? undefined : Number(text));

function part(name: PartName): Field {
  return {
    read: (v) => String(v.parts[name]),
    write: (v, text) => {
      const n = numeric(text);
      return n === undefined ? undefined : { ...v, parts: { ...v.parts, [name]: n } };
    },
  };
}

function toggle(name: (typeof toggles)[number]): Field {
  return {
    read: (v) => (v.limits[name] ? "1" : "0"),
    write: (v, text) => (text === "0" || text === "1" ? { ...v, limits: { ...v.limits, [name]: text === "1" } } : undefined),
  };
}

const list = (text: string) => text.split(",").filter(Boolean);

function inCalc(name: keyof CalcView): Field {
  return {
    read: (v) => String(v.calc[name]),
    write: (v, text) => {
      const value = name === "model" ? text : numeric(text);
      return value === undefined ? undefined : { ...v, calc: { ...v.calc, [name]: value } };
    },
  };
}

function inWork(name: keyof WorkView, decode: (text: string) => WorkView[keyof WorkView] | undefined): Field {
  return {
    read: (v) => (typeof v.work[name] === "boolean" ? (v.work[name] ? "1" : "0") : String(v.work[name])),
    write: (v, text) => {
      const value = decode(text);
      return value === undefined ? undefined : { ...v, work: { ...v.work, [name]: value } };
    },
  };
}

const oneOf =
  <T extends string>(...choices: T[]) =>
  (text: string) =>
    choices.find((c) => c === text);

const fields: Record<string, Field> = {
  ...Object.fromEntries(partNames.map((name) => [name, part(name)])),
  ...Object.fromEntries(toggles.map((name) => [name, toggle(name)])),
  compliance: {
    read: (v) => (v.limits.compliance ?? []).join(","),
    write: (v, text) => ({ ...v, limits: { ...v.limits, compliance: list(text) } }),
  },
  attested: {
    read: (v) => (v.limits.attested ?? []).join(","),
    write: (v, text) => ({ ...v, limits: { ...v.limits, attested: list(text) } }),
  },
  vendor: { read: (v) => v.vendor, write: (v, text) => ({ ...v, vendor: text }) },
  app: { read: (v) => v.application, write: (v, text) => ({ ...v, application: text }) },
  "calc.model": inCalc("model"),
  "calc.input": inCalc("input"),
  "calc.output": inCalc("output"),
  "calc.calls": inCalc("calls"),
  "calc.cached": inCalc("cached"),
  "calc.batch": inCalc("batch"),
  "work.source": inWork("source", oneOf("log", "form")),
  "work.model": inWork("model", (text) => text),
  "work.candidates": inWork("candidates", list),
  "work.input": inWork("input", numeric),
  "work.output": inWork("output", numeric),
  "work.by": inWork("by", oneOf("calls", "spend")),
  "work.calls": inWork("calls", numeric),
  "work.spend": inWork("spend", numeric),
  "work.cached": inWork("cached", numeric),
  "work.decided": inWork("decided", (text) => text === "1"),
  "work.example": inWork("example", (text) => text === "1"),
};

// encode writes a view. The commas of a list stay readable.
export function encode(view: View, presets: readonly Preset[], book?: string): string {
  const from = base(presets, view.from);
  const pairs: [string, string][] = [];
  if (view.from !== firstPreset) pairs.push(["from", view.from]);
  for (const [key, field] of Object.entries(fields)) {
    const text = field.read(view);
    if (text !== field.read(from)) pairs.push([key, text]);
  }
  if (book) pairs.push(["book", book]);
  if (pairs.length === 0) return "";
  pairs.push(["v", "1"]);
  pairs.sort(([a], [b]) => (a < b ? -1 : 1));
  return "?" + pairs.map(([key, text]) => `${key}=${encodeURIComponent(text).replaceAll("%2C", ",").replaceAll("%2F", "/")}`).join("&");
}

export interface Decoded {
  view: View;
  // faults are the parts of the link that could not be read.
  faults: string[];
  // book is the price book that the link was made with.
  book?: string;
}

export function decode(search: string, presets: readonly Preset[]): Decoded {
  const query = new URLSearchParams(search);
  const from = query.get("from") ?? firstPreset;
  let view = base(presets, from);
  const faults: string[] = [];
  if (view.from !== from) faults.push(`from=${from}`);
  const version = query.get("v");
  if (version !== null && version !== "1") faults.push(`v=${version}`);
  for (const [key, text] of query) {
    if (key === "v" || key === "from" || key === "book") continue;
    const next = fields[key]?.write(view, text);
    if (next) view = next;
    else faults.push(`${key}=${text}`);
  }
  if (!presets.some((p) => p.id === view.application && p.group === "application"))
    view = { ...view, application: base(presets, from).application };
  const book = query.get("book");
  return book ? { view, faults, book } : { view, faults };
}
