// What can be asked of data of this resolution, and what cannot.

import type { Answer, ProfileAnswer } from "../api/types";
import { tied } from "../format";
import { Section } from "./Section";

const words: Record<Answer["can"], string> = { yes: "yes", range: "within a range", no: "no" };

export function UsageAnswers({ a }: { a: ProfileAnswer }) {
  return (
    <Section
      id="answers"
      title="What this data can answer"
      gloss="The finer the rows, the more can be asked of them. An answer that rests on an assumption is shown with its bounds, and says so."
    >
      <p class="lead">
        The log holds {a.level} ({a.workload.profile.resolution}).
      </p>
      <dl class="answers">
        {a.workload.answers.map((x) => (
          <div key={x.question} class={`can-${x.can}`}>
            <dt>{x.question}</dt>
            <dd>
              <b>{words[x.can]}</b> <span>{tied(x.why)}</span>
            </dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}
