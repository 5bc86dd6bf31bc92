// The decision page: one memo, top to bottom.

import { useEffect } from "preact/hooks";
import { startProblem, start, linkNotices, view } from "../state/store";
import { Applications } from "../sections/Applications";
import { Calculator } from "../sections/Calculator";
import { Constraints } from "../sections/Constraints";
import { Decide } from "../sections/Decide";
import { Limits } from "../sections/Limits";
import { Log } from "../sections/Log";
import { Prices } from "../sections/Prices";
import { Story } from "../sections/Story";
import { Status, Strip } from "../sections/Verdict";
import { Trouble } from "../ui/Trouble";

function Body() {
  const ready = !!view.value;
  useEffect(() => {
    if (ready && location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
  }, [ready]);
  if (startProblem.value) return <Trouble problem={startProblem.value} retry={() => void start()} />;
  if (!view.value)
    return (
      <p class="muted" aria-busy="true">
        Fetching today's prices…
      </p>
    );
  return (
    <>
      {linkNotices.value.length > 0 && (
        <ul class="notices" role="status">
          {linkNotices.value.map((n) => (
            <li key={n}>{n}</li>
          ))}
        </ul>
      )}
      <div class="live">
        <Strip />
        <Decide />
        <Constraints />
        <Applications />
      </div>
      <Calculator />
      <Log />
      <Prices />
      <Limits />
      <Status />
    </>
  );
}

export function Memo() {
  useEffect(() => {
    document.title = "Breakeven: API or your own GPUs?";
  }, []);
  return (
    <>
      <Story />
      <Body />
    </>
  );
}
