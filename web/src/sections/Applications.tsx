// The guide's four applications, each of which loads the sliders.

import { application, cataloged, loadPreset, showApplication } from "../state/store";
import { Tabs } from "../ui/Tabs";
import { Claim } from "./Decide";
import { Section } from "./Section";

function tryIt(id: string): void {
  loadPreset(id);
  const verdict = document.getElementById("verdict");
  verdict?.focus({ preventScroll: true });
  document.getElementById("decide")?.scrollIntoView({ block: "start" });
}

export function Applications() {
  const list = cataloged().presets.filter((p) => p.group === "application");
  const shown = list.find((p) => p.id === application.value) ?? list[0];
  if (!shown) return null;
  return (
    <Section id="scenarios" title="Four applications" gloss="The same formula for four kinds of product. Load one and take it apart.">
      <Tabs id="app" label="Applications" tabs={list} selected={shown.id} onSelect={showApplication}>
        <Claim preset={shown} />
        <p>
          <button type="button" class="primary" onClick={() => tryIt(shown.id)}>
            Try this scenario
          </button>
        </p>
      </Tabs>
    </Section>
  );
}
