// One input of the quick formula: its range, an exact box, what it does, where its value comes from, and over
// the slider a small chart of the answer over the input's whole range.

import { useComputed } from "@preact/signals";
import { useState } from "preact/hooks";
import type { QuickInput } from "../api/types";
import { Mini } from "../chart/Mini";
import { dollars, percent, plain } from "../format";
import { moved, steps, toPosition, toValue } from "../scale";
import { quick, quickProblem } from "../state/answers";
import { parts, setPart, source } from "../state/store";
import { Source } from "./Badge";
import { NumberBox } from "./NumberBox";

const isShare = (input: QuickInput) => input.unit === "share";

export function said(input: QuickInput, v: number): string {
  return isShare(input) ? percent(v) : `${dollars(v)} a month`;
}

// Slider reads its own part of the state, so that moving one draws no other until the answer is there.
export function Slider({ input }: { input: QuickInput }) {
  const value = useComputed(() => parts.value![input.id]).value;
  const standard = useComputed(() => source.value!.parts[input.id]).value;
  const from = useComputed(() => source.value!.name).value;
  const points = useComputed(() => quick.value?.sweeps?.find((s) => s.input === input.id)?.points).value;
  const flip = useComputed(() => quick.value?.flips.find((f) => f.input === input.id)).value;
  const fault = useComputed(() => quickProblem.value?.faults.find((f) => f.where === input.id)?.what).value;
  const onValue = (v: number) => setPart(input.id, v);
  const [open, setOpen] = useState(false);
  const range = { ...input, share: isShare(input) };
  const position = toPosition(range, value);
  const id = `input-${input.id}`;
  const level = flip && flip.to >= input.min && flip.to <= input.max ? toPosition(range, flip.to) : undefined;
  const kind = value === standard ? "assumed" : "user";
  const step = (key: string) => {
    const v = moved(range, value, key);
    if (v !== undefined) onValue(v);
  };
  return (
    <div class="slider" data-input={input.id}>
      <div class="head">
        <label for={id}>{input.label}</label>
        <span class="box">
          <NumberBox
            value={value}
            unit={range.share ? "share" : "USD"}
            label={`${input.label}, exact`}
            describedBy={`${id}-why`}
            onValue={onValue}
            step={step}
          />
          <span class="unit">{range.share ? "%" : "$/mo"}</span>
        </span>
      </div>
      <div class="track">
        {points ? <Mini points={points} at={position} of={steps} level={level} /> : <div class="mini" />}
        <input
          type="range"
          id={id}
          min={0}
          max={steps}
          step={1}
          value={Math.round(position)}
          aria-valuetext={said(input, value)}
          aria-describedby={`${id}-why`}
          onInput={(e) => onValue(toValue(range, Number(e.currentTarget.value)))}
          onKeyDown={(e) => {
            if (e.altKey || e.ctrlKey || e.metaKey || moved(range, value, e.key) === undefined) return;
            e.preventDefault();
            step(e.key);
          }}
        />
        <div class="ends" aria-hidden="true">
          <span>{range.share ? percent(input.min) : dollars(input.min)}</span>
          {flip && <span class="level">level at {range.share ? percent(flip.to) : dollars(Math.round(flip.to))}</span>}
          <span>{range.share ? percent(input.max) : dollars(input.max)}</span>
        </div>
      </div>
      {fault && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      <p class="why">
        <span id={`${id}-why`}>{input.why}</span>{" "}
        <button
          type="button"
          class={`badge ${kind}`}
          aria-expanded={open}
          aria-controls={open ? `${id}-source` : undefined}
          onClick={() => setOpen(!open)}
        >
          {kind === "user" ? "yours" : kind}
          <span class="hidden">: where does {input.label} come from?</span>
        </button>
        {value !== standard && (
          <>
            {" "}
            <button type="button" class="link reset" onClick={() => onValue(standard)}>
              reset to {range.share ? `${plain(standard * 100)} %` : dollars(standard)}
              <span class="hidden"> for {input.label}</span>
            </button>
          </>
        )}
      </p>
      {open && (
        <p class="evidence" id={`${id}-source`}>
          {kind === "user" ? (
            <Source of={{ kind, rule: `you set it; ${from} has ${said(input, standard)}` }} />
          ) : (
            <Source of={{ kind, rule: standard === input.default || from === "Growth" ? input.source : `the scenario ${from}` }} />
          )}
        </p>
      )}
    </div>
  );
}
