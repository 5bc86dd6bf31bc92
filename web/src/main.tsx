// The app: a header, the page that the address names, a footer.

import { signal } from "@preact/signals";
import { render, type ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { start } from "./state/store";
import { follow, path } from "./state/route";
import { Changes } from "./pages/Changes";
import { Derived } from "./pages/Derived";
import { Head, Waiting } from "./pages/Head";
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

const bare = (address: string) => (address === "/" ? "/" : address.replace(/\/$/, ""));

// later are pages whose code comes when they are asked for, so that the decision does not wait for it.
const later: Record<string, () => Promise<ComponentType>> = {
  "/usage": () => import("./pages/Usage").then((m) => m.Usage),
  "/fleet": () => import("./pages/Fleet").then((m) => m.Fleet),
};

const here = signal<Record<string, ComponentType>>({});

// bring has a page's code ready.
async function bring(address: string): Promise<void> {
  const at = bare(address);
  const load = later[at];
  if (!load || here.value[at]) return;
  const page = await load();
  here.value = { ...here.value, [at]: page };
}

function Later({ at }: { at: string }) {
  const [failed, setFailed] = useState(false);
  useEffect(() => void bring(at).catch(() => setFailed(true)), [at]);
  const Ready = here.value[at];
  if (Ready) return <Ready />;
  if (!failed) return <Waiting>Opening the page…</Waiting>;
  return (
    <Head title="This page did not arrive">
      <p>The server cannot be reached, or has another version by now: reload to see.</p>
    </Head>
  );
}

function Shown() {
  const at = bare(path.value);
  if (later[at]) return <Later key={at} at={at} />;
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
follow(bring);
render(<Page />, document.getElementById("page")!);
