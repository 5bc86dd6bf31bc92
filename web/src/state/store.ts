// The page's state: the view, the catalog parts it needs, and the address bar that follows it.

import { batch, computed, signal } from "@preact/signals";
import { asProblem, get, type Problem } from "../api/client";
import type { Constraint, ConstraintSet, PartName, Preset, QuickInput, Stamp } from "../api/types";
import { base, type CalcView, type View, type WorkView } from "./view";
import { decode, encode } from "./url";

export interface Catalog {
  inputs: QuickInput[];
  presets: Preset[];
  constraints: Constraint[];
  stamp: Stamp;
}

export const catalog = signal<Catalog | null>(null);
export const stamp = signal<Stamp | null>(null);
export const startProblem = signal<Problem | null>(null);
export const view = signal<View | null>(null);
// linkNotices say what about the link that was opened is not as it was made.
export const linkNotices = signal<string[]>([]);

// Slices of the view. A component that reads one is drawn again only when that one changes.
export const parts = computed(() => view.value?.parts);
export const limits = computed(() => view.value?.limits);
export const vendor = computed(() => view.value?.vendor);
export const application = computed(() => view.value?.application);
export const calcView = computed(() => view.value?.calc);
export const workView = computed(() => view.value?.work);
const from = computed(() => view.value?.from);

// loaded is the view, for steps that are taken once it is there.
function loaded(): View {
  const v = view.value;
  if (!v) throw new Error("no view yet");
  return v;
}

export function cataloged(): Catalog {
  const c = catalog.value;
  if (!c) throw new Error("no catalog yet");
  return c;
}

// atHome says whether the decision page is on show: the view is its, and nobody else's address.
const atHome = () => location.pathname === "/";

// start loads what the page on show needs: the decision page its catalog and its view from the address bar, every other
// one the stamp in its header.
export async function start(): Promise<void> {
  startProblem.value = null;
  if (!atHome()) {
    stamp.value = await get<Stamp>("/api/v1/version").catch(() => null); // the page itself will say that nobody answers
    return;
  }
  try {
    const [inputs, presets, constraints, version] = await Promise.all([
      get<QuickInput[]>("/api/v1/quick/inputs"),
      get<Preset[]>("/api/v1/presets"),
      get<Constraint[]>("/api/v1/constraints"),
      get<Stamp>("/api/v1/version"),
    ]);
    batch(() => {
      catalog.value = { inputs, presets, constraints, stamp: version };
      stamp.value = version;
      open(location.search);
    });
  } catch (error) {
    startProblem.value = asProblem(error);
  }
}

// open shows the view that a query string describes.
function open(search: string): void {
  const { presets, stamp } = cataloged();
  const link = decode(search, presets);
  const notices = link.faults.map((f) => `The link says ${f}, which this version cannot use; the default stands in for it.`);
  if (link.book && link.book !== stamp.snapshot) {
    notices.push(`The link was made with price book ${link.book}; this server has ${stamp.snapshot}, so its figures may differ.`);
  }
  batch(() => {
    view.value = link.view;
    linkNotices.value = notices;
  });
}

// The address bar. Small changes replace the entry a moment after the last of them; a preset or a tab makes a
// new one, so that the back button undoes it.

const settle = 250;
let timer = 0;

function address(): string {
  return location.pathname + encode(loaded(), cataloged().presets) + location.hash;
}

function replaceNow(): void {
  window.clearTimeout(timer);
  timer = 0;
  history.replaceState(null, "", address());
}

// change moves the view by a small step.
export function change(step: (v: View) => View): void {
  view.value = step(loaded());
  window.clearTimeout(timer);
  timer = window.setTimeout(replaceNow, settle);
}

// go moves the view by a step that deserves an entry in the history.
export function go(step: (v: View) => View): void {
  if (timer) replaceNow();
  view.value = step(loaded());
  if (address() !== location.pathname + location.search + location.hash) history.pushState(null, "", address());
}

// A link inside the page makes an entry of its own, which must hold what was last changed.
document.addEventListener("click", (e) => {
  if (timer && e.target instanceof Element && e.target.closest("a")) replaceNow();
});

window.addEventListener("popstate", () => {
  window.clearTimeout(timer);
  timer = 0;
  if (!atHome()) return;
  if (catalog.value) open(location.search);
  else void start();
});

// homeAddress leads to the decision page as it was left.
export const homeAddress = computed(() => "/" + (view.value && catalog.value ? encode(view.value, catalog.value.presets) : ""));

// shareLink is the address of this screen; that of the decision page says with which price book it was made.
export function shareLink(): string {
  if (!atHome()) return location.href;
  const { presets, stamp } = cataloged();
  return location.origin + location.pathname + encode(loaded(), presets, stamp.snapshot);
}

// Steps of the view.

export const setPart = (name: PartName, value: number) => change((v) => ({ ...v, parts: { ...v.parts, [name]: value } }));
export const setLimits = (set: ConstraintSet) => go((v) => ({ ...v, limits: { ...v.limits, ...set } }));
// setVendor says whose API it is. What was checked of the one before says nothing about it.
export const setVendor = (name: string) => go((v) => ({ ...v, vendor: name, limits: { ...v.limits, attested: [] } }));
export const setCalc = (set: Partial<CalcView>) => change((v) => ({ ...v, calc: { ...v.calc, ...set } }));
export const setWork = (set: Partial<WorkView>) => change((v) => ({ ...v, work: { ...v.work, ...set } }));
export const showApplication = (id: string) => go((v) => ({ ...v, application: id }));

export function loadPreset(id: string): void {
  const preset = base(cataloged().presets, id);
  go((v) => ({ ...v, from: preset.from, parts: preset.parts, limits: preset.limits }));
}

// source is the preset that the sliders were loaded from.
export const source = computed(() => catalog.value?.presets.find((p) => p.id === from.value));

// edited says whether a slider or a constraint differs from its source.
export const edited = computed(() => {
  const v = view.value;
  if (!v || !catalog.value) return false;
  const preset = base(catalog.value.presets, v.from);
  return encode({ ...preset, parts: v.parts, limits: v.limits }, catalog.value.presets) !== encode(preset, catalog.value.presets);
});

// Theme: the system's, unless the reader chose the other one.

const dark = window.matchMedia("(prefers-color-scheme: dark)");
export const theme = signal<"light" | "dark">(
  (document.documentElement.dataset.theme as "light" | "dark" | undefined) ?? (dark.matches ? "dark" : "light"),
);
dark.addEventListener("change", () => {
  if (!document.documentElement.dataset.theme) theme.value = dark.matches ? "dark" : "light";
});

export function toggleTheme(): void {
  const next = theme.value === "dark" ? "light" : "dark";
  theme.value = next;
  const follows = (next === "dark") === dark.matches;
  if (follows) delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  try {
    if (follows) localStorage.removeItem("theme");
    else localStorage.setItem("theme", next);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}
