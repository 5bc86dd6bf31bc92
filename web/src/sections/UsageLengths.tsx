// How long calls are, and how much of them need not be worked out at once.

import type { Character } from "../api/types";
import { LengthStrips, type Strip } from "../chart/LengthStrips";
import { percent } from "../format";
import { Section } from "./Section";

export function UsageLengths({ c }: { c: Character }) {
  const p = c.profile;
  const strips: Strip[] = [
    ...(p.input ? [{ name: "Input", lengths: p.input, fit: c.input_fit }] : []),
    ...(p.new_input ? [{ name: "Input that no cache served", lengths: p.new_input, fit: c.new_input_fit }] : []),
    ...(p.output ? [{ name: "Output", lengths: p.output, fit: c.output_fit }] : []),
  ];
  const b = c.batchable;
  return (
    <Section
      id="lengths"
      title="How long calls are"
      gloss="Input that no cache served is the work before the first token; output is the work after it. The longest calls decide how much memory a machine needs."
    >
      {strips.length > 0 ? (
        <LengthStrips strips={strips} />
      ) : (
        <p class="missing">The rows are sums of several calls, so no length of a call is known: only their means.</p>
      )}
      <dl class="facts">
        {p.cache_share !== undefined && (
          <div>
            <dt>Served by the vendor's cache</dt>
            <dd>{percent(p.cache_share)} of the input tokens. A cache of your own serves another share.</dd>
          </div>
        )}
        {b && (
          <div>
            <dt>Could wait for hours</dt>
            <dd>
              {b.least === b.most ? percent(b.least) : `Between ${percent(b.least)} and ${percent(b.most)}`} of the tokens. A log does not say who waits:
              the lower end waits already, on a batch or flex tier; at the upper end all do that show no sign of somebody waiting.
            </dd>
          </div>
        )}
        {p.batch_share !== undefined && (
          <div>
            <dt>On a batch tier</dt>
            <dd>{percent(p.batch_share)} of the tokens.</dd>
          </div>
        )}
      </dl>
    </Section>
  );
}
