// What the page cannot know, said plainly.

import type { ComponentChildren } from "preact";
import { Section } from "./Section";

const limits: [string, ComponentChildren][] = [
  [
    "Capacity is estimated, not measured.",
    "What a replica carries comes from a closed-form model of the hardware, not from your prompts. Each verdict says whether the range in which the true capacity plausibly lies would change it. Measure one replica before you sign for eight.",
  ],
  [
    "Throughput depends on the shape of a call more than on the card.",
    <>
      In <a href="https://github.com/tgarg01/silybench-data">one published benchmark</a> an 8B model on one H100 makes twenty times as many
      output tokens a second with short prompts as with long ones, at the same latency target. Mean lengths hide that; a log shows it.
    </>,
  ],
  [
    "A short log is not a month.",
    "A log of a day is scaled to 730 hours as if every day were that day. Weekends, launches and month ends are in it only if you logged them. The page says when it did so, and by what factor.",
  ],
  [
    "Prices move, and not together.",
    "A closed model's list price rarely falls; the price of equal quality falls fast, for those who switch; rent for GPUs has risen as well as fallen. The verdict is today's; nothing here forecasts.",
  ],
  [
    "Contracts are private.",
    "Committed-spend discounts, enterprise terms and negotiated GPU prices have no public source, so none is assumed. Put your own figure into the slider.",
  ],
  [
    "An open model is another model.",
    "The cheapest candidate wins, whether or not it does your task. Public benchmarks rank models on other people's tasks, and on factual ones the models that calculators like to name trail far. Run your own evaluation first; the page cannot.",
  ],
  [
    "People are a figure that you give.",
    "One engineer at $25,000 a month is a default. Who is woken at night, who ports the prompts after the next model, and how much of a part-time person it really takes are the terms that practitioners report to have missed by two to five times.",
  ],
  [
    "Compliance is what vendors state.",
    "An attestation that is on record came from a vendor's page on a date. What is not on record is not assumed, which can rule out a vendor that would sign. Ask them.",
  ],
];

export function Limits() {
  return (
    <Section id="limits" title="Where this is wrong" gloss="Every model leaves something out. These are the places to distrust.">
      <ol class="limitations">
        {limits.map(([what, why]) => (
          <li key={what}>
            <b>{what}</b> {why}
          </li>
        ))}
      </ol>
      <h3>Method</h3>
      <p>
        Self-hosting costs GPUs, people, tooling, migration spread over the horizon, staging, and what the API still serves. GPUs come in
        whole replicas, sized for the busiest hour at the latency target, with one to spare. A month has 730 hours. Billed money is exact to
        the last decimal; estimates say that they are. Every formula with its symbols and sources is in <code>docs/METHOD.md</code> of the
        source; the API is described at <a href="/openapi.json">/openapi.json</a>.
      </p>
    </Section>
  );
}
