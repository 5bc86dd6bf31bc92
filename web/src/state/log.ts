// The log at hand, on whichever page it was chosen. It stays in the browser's memory, and a link cannot carry it.

import { signal } from "@preact/signals";
import { homeAddress } from "./store";
import { visit } from "./route";

export interface Reading {
  format: string;
  // as is the model of calls that name none, and of every call where replace says so.
  as: string;
  replace: boolean;
  input: string;
  columns: string;
}

const detected: Reading = { format: "", as: "", replace: false, input: "detect", columns: "" };

export interface Held {
  files: File[];
  // kept says that it is the calls that the server keeps, and no files.
  kept: boolean;
  // part is which of the calls are meant, as the server is asked for them; empty for all.
  part: [string, string][];
  // version tells one choice from the next.
  version: number;
}

export const held = signal<Held>({ files: [], kept: false, part: [], version: 0 });
export const reading = signal<Reading>(detected);

export const hold = (files: File[], kept = false): void => {
  held.value = { files, kept, part: [], version: held.value.version + 1 };
};

export const read = (set: Partial<Reading>): void => {
  reading.value = { ...reading.value, ...set };
};

// fields are the parts of a form that say how a log is read.
export function fields(r: Reading): [string, string][] {
  const list: [string, string][] = [];
  if (r.format) list.push(["format", r.format]);
  if (r.as) list.push(["as", r.as]);
  if (r.as && r.replace) list.push(["replace_model", "true"]);
  if (r.input !== "detect") list.push(["input", r.input]);
  for (const pair of r.columns.split(/[,;\s]+/).filter(Boolean)) list.push(["map", pair]);
  return list;
}

// logForm is a form with a log and how to read it.
export function logForm(r: Reading, files: File[], more: [string, string][] = []): FormData {
  const form = new FormData();
  for (const [name, value] of [...fields(r), ...more]) form.append(name, value);
  for (const f of files) form.append("files", f, f.name);
  return form;
}

let demo: Promise<File> | undefined;

export const demoPath = "/examples/coding-assistant.csv.gz";

export async function demoLog(): Promise<File> {
  demo ??= fetch(demoPath).then(async (r) => new File([await r.blob()], "coding-assistant.csv.gz"));
  try {
    return await demo;
  } catch (error) {
    demo = undefined; // the next question tries again
    throw error;
  }
}

// handed says that another page wants a decision on the log at hand.
export const handed = signal(false);

// decideOnLog shows the decision page, which decides on a part of the log at hand.
export function decideOnLog(part: [string, string][]): void {
  held.value = { ...held.value, part };
  handed.value = true;
  void visit(new URL(homeAddress.value + "#log", location.href));
}
