// The view is everything that a link has to reproduce. It is one immutable value; what the server answers to it
// lives in answers.ts.

import type { ConstraintSet, Parts, Preset } from "../api/types";

export interface CalcView {
  model: string;
  input: number;
  output: number;
  calls: number;
  cached: number;
  batch: number;
}

export interface WorkView {
  source: "log" | "form";
  model: string;
  candidates: string[];
  input: number;
  output: number;
  by: "calls" | "spend";
  calls: number;
  spend: number;
  cached: number;
  // decided says that the form was sent, so that a link to its answer asks again.
  decided: boolean;
  // example says that the example log's answer is on show.
  example: boolean;
}

export interface View {
  from: string; // the preset that the sliders were loaded from
  parts: Parts;
  limits: ConstraintSet;
  vendor: string; // whose API it is, or "" where nobody said
  application: string; // the application preset on show
  calc: CalcView;
  work: WorkView;
}

const calc: CalcView = { model: "anthropic/claude-sonnet-4-6", input: 1200, output: 350, calls: 10000, cached: 0.3, batch: 0 };

const work: WorkView = {
  source: "log",
  model: "anthropic/claude-sonnet-4-6",
  candidates: [],
  input: 1200,
  output: 350,
  by: "calls",
  calls: 100000,
  spend: 40000,
  cached: 0.3,
  decided: false,
  example: false,
};

// firstPreset is the story of the page: the company that pays $40K a month.
export const firstPreset = "growth";

// figures are the formula's inputs without what else the server says about them.
const figures = ({ api, gpu, ops, tooling, utilization, design_utilization }: Parts): Parts => ({
  api,
  gpu,
  ops,
  tooling,
  utilization,
  design_utilization,
});

// base is the view that a link is written against: a preset's figures and the defaults of everything else.
export function base(presets: readonly Preset[], from: string): View {
  const preset = presets.find((p) => p.id === from) ?? presets.find((p) => p.id === firstPreset) ?? presets[0];
  if (!preset) throw new Error("the server has no presets");
  return {
    from: preset.id,
    parts: figures(preset.parts),
    limits: preset.constraints ?? {},
    vendor: "",
    application: presets.find((p) => p.group === "application")?.id ?? "",
    calc,
    work,
  };
}
