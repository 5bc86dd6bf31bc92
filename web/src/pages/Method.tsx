// How prices are found, in short. docs/METHOD.md of the source has the whole method.

import type { Kind } from "../api/types";
import { classMeans, className, classes, standingMeans, standingName, standings } from "../rates";
import { called, meanings } from "../ui/Badge";
import { Section } from "../sections/Section";
import { Head } from "./Head";

const kinds: Kind[] = ["published", "measured", "derived", "inferred", "assumed", "user"];

export function Method() {
  return (
    <>
      <Head title="Method">
        <p class="lead">How a price gets here, what makes it believed, and what a change of it means.</p>
      </Head>
      <div class="prose">
        <Section id="find" title="How prices are found">
          <p>
            Vendors' price pages are written for people, and no vendor offers a price list for machines. Public tables collect them:
            LiteLLM, genai-prices, models.dev, OpenRouter, Portkey, Langfuse; and karpenter's and Cyclenerd's tables of rented machines.
            Each is read whole, by its own reader, which knows its units; what it says becomes a <b>snapshot</b>, named by a hash of its
            content. A person may add what a vendor's page says, with its address, its day and the quoted figure.{" "}
            <a href="/verification">The sources and their last readings</a>
          </p>
          <p>
            A source that cannot be read keeps its last good data, and the board says so. The <a href="/prices">price list</a> itself is a
            curated book: every rate in it names its evidence, and the sources are compared with it. With a registry database the book
            follows them: where the vendor's own page, or two independent sources of which one was seen to change, say another rate, that
            one takes its place and cites them, and what rules derive from it follows.
          </p>
        </Section>
        <Section id="axes" title="Two times">
          <p>
            A price has two times. <b>Effective</b> is when the vendor charges it. <b>Recorded</b> is when somebody was seen to say so,
            which can be months later, or before the day that was announced. Both are kept: a call is priced by what was effective when it
            was made, and any page of a model can be shown <i>as known on</i> an earlier day, without what was learned since.
          </p>
          <p>
            The record only grows. A fact that turns out wrong is closed and stays; a change is logged with its old and its new value, and
            the database itself refuses to rewrite it. Each change carries the hash of the one before, and an{" "}
            <a href="/verification">audit</a> recomputes all of them.
          </p>
        </Section>
        <Section id="classes" title="Classes of changes">
          <p>
            An edit of a table is not a price change. The first line of this list that fits an edit is its class. Only a revert is seen from
            behind: when a value comes back within thirty days, the edit that left it becomes a revert as well.{" "}
            <a href="/changes">The changelog</a>
          </p>
          <dl class="terms-list">
            {(["addition", "removal", "zero_fill", "revert", "unit_fix", "regional_uplift", "price_change"] satisfies typeof classes).map(
              (c) => (
                <div key={c}>
                  <dt>{className[c]}</dt>
                  <dd>{classMeans[c]}</dd>
                </div>
              ),
            )}
          </dl>
          <p class="muted">
            The rule cannot know a vendor's mind: a price that truly falls to a tenth looks like a slip of units, and is classed as one.
          </p>
        </Section>
        <Section id="decide" title="Which source to believe">
          <ol>
            <li>What the vendor's own page says, read by a person with evidence, goes first; the newest, of several.</li>
            <li>
              Else published values are grouped where they differ by half a per cent at most, and the group with the most independent voices
              wins. Sources that copy one another are one voice: Portkey and LiteLLM are. A marketplace with prices of its own may support a
              rate and supplies none.
            </li>
            <li>
              Two groups with as many voices are a tie, and a value ten times apart from the rate that won is an outlier. Neither is used;
              both wait for <a href="/verification#review">a person</a>.
            </li>
            <li>
              Where nobody publishes a value, a <a href="/derived">derived one</a> stands in, and says that it is one.
            </li>
          </ol>
        </Section>
        <Section id="verified" title="What verified means">
          <dl class="terms-list">
            {standings.map((s) => (
              <div key={s}>
                <dt>{standingName[s]}</dt>
                <dd>{standingMeans[s]}</dd>
              </div>
            ))}
          </dl>
          <p>
            A vendor is verified where more than half of its rates that a source states are, and the last reading is recent. That a rate is
            verified says that two tables agree, not that the vendor will bill it: tables can repeat one mistake.
          </p>
        </Section>
        <Section id="kinds" title="Where a figure comes from">
          <dl class="terms-list">
            {kinds.map((k) => (
              <div key={k}>
                <dt>
                  <span class="kind">{called(k)}</span>
                </dt>
                <dd>{meanings[k]}</dd>
              </div>
            ))}
          </dl>
        </Section>
        <Section id="rest" title="The rest">
          <p>
            Prices are read from decimal text and billed in exact arithmetic, never through a binary fraction. How a call is priced, how a
            log becomes a month, how many GPUs a load needs and how the decision falls is in <code>docs/METHOD.md</code> of the source, with
            every formula. What the decision leaves out is said <a href="/#limits">beside it</a>. The API is described at{" "}
            <a href="/openapi.json">/openapi.json</a>.
          </p>
        </Section>
      </div>
    </>
  );
}
