// The page: one memo, top to bottom.

import { render } from "preact";
import { startProblem, start, linkNotices, view } from "./state/store";
import { Applications } from "./sections/Applications";
import { Calculator } from "./sections/Calculator";
import { Constraints } from "./sections/Constraints";
import { Decide } from "./sections/Decide";
import { Header } from "./sections/Header";
import { Limits } from "./sections/Limits";
import { Log } from "./sections/Log";
import { Prices } from "./sections/Prices";
import { Story } from "./sections/Story";
import { Status, Strip } from "./sections/Verdict";
import { Trouble } from "./ui/Trouble";

function Memo() {
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

function Page() {
  return (
    <>
      <a class="skip" href="#decide">
        Skip to the calculator
      </a>
      <Header />
      <main>
        <Story />
        <Memo />
      </main>
      <footer>
        <p>
          Breakeven is free software under Apache-2.0. It calls nobody: what you type and upload stays with the server that sent this page.{" "}
          <a href={document.body.dataset.licences ?? "/"}>Licences of the code inside</a>
        </p>
      </footer>
    </>
  );
}

void start(); // ask first, draw while the answers are on their way
render(<Page />, document.getElementById("page")!);
