// When calls come: the week, the peaks, how they bunch, and whether they become more.

import type { AtWindow, Character } from "../api/types";
import { HeatMap } from "../chart/HeatMap";
import { count, day, percent, plain, rounded, short, times } from "../format";
import { Section } from "./Section";

const windowName = (seconds: number) =>
  seconds % 3600 === 0
    ? seconds === 3600
      ? "an hour"
      : `${seconds / 3600} hours`
    : seconds % 60 === 0
      ? seconds === 60
        ? "a minute"
        : `${seconds / 60} minutes`
      : seconds === 1
        ? "a second"
        : `${seconds} seconds`;

const at = (list: AtWindow[] | undefined, seconds: number) => list?.find((a) => a.window_seconds === seconds)?.value;

const none = <span class="muted">—</span>;

function Rates({ c }: { c: Character }) {
  const p = c.profile;
  const windows = [...new Set([...c.rates, ...(p.peak_to_mean ?? []), ...(p.index_of_dispersion ?? [])].map((r) => r.window_seconds))].sort((a, b) => a - b);
  if (windows.length === 0) return null;
  return (
    <div class="ledger">
      <table class="rates">
        <caption>
          Calls in a window, and how they bunch.{" "}
          <span class="muted">The index of dispersion is variance over mean of the calls in a window: 1 where they come at random.</span>
        </caption>
        <thead>
          <tr>
            <th scope="col">Window</th>
            <th scope="col">Mean</th>
            <th scope="col">Most</th>
            <th scope="col">Most over mean</th>
            <th scope="col">Index of dispersion</th>
          </tr>
        </thead>
        <tbody>
          {windows.map((w) => {
            const rate = c.rates.find((r) => r.window_seconds === w);
            const peak = at(p.peak_to_mean, w);
            const iod = at(p.index_of_dispersion, w);
            return (
              <tr key={w}>
                <th scope="row">{windowName(w)}</th>
                <td>{rate ? rounded(rate.mean) : none}</td>
                <td>{rate ? count(rate.most) : none}</td>
                <td>{peak === undefined ? none : times(peak)}</td>
                <td>{iod === undefined ? none : rounded(iod)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

const second = 1e9;

// clockStep writes the step of a clock: 3 s, 1 ms.
const clockStep = (ns: number) => (ns >= second ? `${plain(ns / second)}\u00a0s` : ns >= 1e6 ? `${plain(ns / 1e6)}\u00a0ms` : `${plain(ns / 1e3)}\u00a0µs`);

const signed = (v: number) => (v < 0 ? "−" : "+") + percent(Math.abs(v));

export function UsageArrivals({ c }: { c: Character }) {
  const p = c.profile;
  const g = c.growth;
  const peak = p.peak_hour;
  return (
    <Section
      id="arrivals"
      title="When calls come"
      gloss="Machines are sized for the peak, and the bill is made by the mean. What lies between is idle, or is bought from somebody else."
    >
      {peak && (
        <p class="lead">
          The busiest hour{peak.hour && `, ${day(peak.hour)} ${peak.hour.slice(11, 16)} UTC,`} has{" "}
          {peak.requests !== null ? `${count(peak.requests)} calls` : `${short(peak.input_tokens)} tokens in`}: {times(peak.to_mean)} the mean hour.
        </p>
      )}
      {c.week ? (
        <HeatMap week={c.week} />
      ) : (
        <p class="missing">There is no week to draw: that takes dates, and rows of an hour at most.</p>
      )}
      <Rates c={c} />
      <dl class="facts">
        {p.iat_cv !== undefined && (
          <div>
            <dt>Times between calls</dt>
            <dd>
              The coefficient of variation is {rounded(p.iat_cv)}; 1 is what comes at random, more is bursts.
              {p.iat_cv_at_ticks !== undefined && ` At face value of the log's clock it is ${rounded(p.iat_cv_at_ticks)}: an artefact of its step.`}
            </dd>
          </div>
        )}
        {p.quantum_ns !== undefined && p.quantum_ns > 0 && (
          <div>
            <dt>The log's clock</dt>
            <dd>
              Every time is a multiple of {clockStep(p.quantum_ns)}.
              {p.quantum_ns >= second && " Calls of one step count as spread at random inside it: bursts that are shorter cannot be seen."}
            </dd>
          </div>
        )}
        <div>
          <dt>Growth</dt>
          <dd>
            {g
              ? `${signed(g.per_month)} a month in ${g.by}, from ${g.low < 0 !== g.high < 0 ? "a fall of " : ""}${g.low < 0 !== g.high < 0 ? `${percent(Math.abs(g.low))} to a rise of ${percent(g.high)}` : `${signed(g.low)} to ${signed(g.high)}`} at 95 %, over ${count(g.weeks)} whole weeks.`.replace("95 %", "95\u00a0%")
              : "Unknown: that takes three whole weeks."}
          </dd>
        </div>
        {p.failed !== undefined && p.failed > 0 && (
          <div>
            <dt>Failed</dt>
            <dd>{count(p.failed)} rows failed or hold no token; they are no load.</dd>
          </div>
        )}
      </dl>
    </Section>
  );
}
