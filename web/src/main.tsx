// The app: a header, the page that the address names, a footer.

import { render } from "preact";
import { start } from "./state/store";
import { follow, path } from "./state/route";
import { Changes } from "./pages/Changes";
import { Derived } from "./pages/Derived";
import { Fleet } from "./pages/Fleet";
import { Head } from "./pages/Head";
import { Memo } from "./pages/Memo";
import { Method } from "./pages/Method";
import { Model } from "./pages/Model";
import { Prices } from "./pages/Prices";
import { Verification } from "./pages/Verification";
import { Header } from "./sections/Header";
import { EvidencePanel } from "./ui/Evidence";

function Missing() {
  return (
    <Head title="There is no such page">
      <p>
        This address leads nowhere. <a href="/">The decision</a> and <a href="/prices">the prices</a> are where they were.
      </p>
    </Head>
  );
}

const modelAddress = /^\/prices\/([^/]+)\/(.+?)\/?$/;

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray per cent sign
  }
}

function Shown() {
  const at = path.value === "/" ? "/" : path.value.replace(/\/$/, "");
  switch (at) {
    case "/":
      return <Memo />;
    case "/prices":
      return <Prices />;
    case "/changes":
      return <Changes />;
    case "/verification":
      return <Verification />;
    case "/derived":
      return <Derived />;
    case "/fleet":
      return <Fleet />;
    case "/method":
      return <Method />;
  }
  const [, provider, model] = modelAddress.exec(at) ?? [];
  if (!provider || !model) return <Missing />;
  return <Model key={at} provider={decoded(provider)} model={decoded(model)} />;
}

function Page() {
  const home = path.value === "/";
  return (
    <>
      <a class="skip" href={home ? "#decide" : "#main"}>
        {home ? "Skip to the calculator" : "Skip to the page"}
      </a>
      <Header />
      <main id="main" tabIndex={-1}>
        <Shown />
      </main>
      <footer>
        <p>
          Breakeven is free software under Apache-2.0. It calls nobody: what you type and upload stays with the server that sent this page.{" "}
          <a href={document.body.dataset.licences ?? "/"}>Licences of the code inside</a>
        </p>
      </footer>
      <EvidencePanel />
    </>
  );
}

void start(); // ask first, draw while the answers are on their way
follow();
render(<Page />, document.getElementById("page")!);
