import { useState } from "preact/hooks";
import { day } from "../format";
import { path } from "../state/route";
import { catalog, homeAddress, shareLink, stamp, theme, toggleTheme } from "../state/store";

const pages = [
  ["/", "Decide"],
  ["/usage", "Usage"],
  ["/prices", "Prices"],
  ["/changes", "Changes"],
  ["/verification", "Verification"],
  ["/derived", "Derived"],
  ["/fleet", "Fleet"],
  ["/method", "Method"],
] as const;

const anchors = [
  ["decide", "Quick formula"],
  ["constraints", "Constraints"],
  ["scenarios", "Scenarios"],
  ["calculator", "Calculator"],
  ["log", "Your log"],
  ["prices", "Price book"],
  ["limits", "Limits"],
] as const;

function Share() {
  const [said, setSaid] = useState("");
  const [link, setLink] = useState("");
  const share = async () => {
    const address = shareLink();
    try {
      await navigator.clipboard.writeText(address);
      setLink("");
      setSaid("Copied: the link reproduces this screen.");
    } catch {
      setLink(address); // without a secure context the reader copies it
      setSaid("Copy this link:");
    }
    window.setTimeout(() => setSaid((s) => (s.startsWith("Copied") ? "" : s)), 4000);
  };
  return (
    <>
      <button type="button" class="link" onClick={() => void share()}>
        Share link
      </button>
      <span role="status" class="said">
        {said}
      </span>
      {link && <input class="sharing" readOnly value={link} aria-label="Link to this screen" onFocus={(e) => e.currentTarget.select()} />}
    </>
  );
}

const under = (page: string) => (page === "/" ? path.value === "/" : path.value === page || path.value.startsWith(page + "/"));

export function Header() {
  const s = stamp.value;
  return (
    <header>
      <p class="brand">
        <a href="/">Breakeven</a>
      </p>
      <nav aria-label="Pages">
        <ul>
          {pages.map(([to, name]) => (
            <li key={to}>
              <a
                href={to === "/" && path.value !== "/" ? homeAddress.value : to}
                aria-current={under(to) ? (path.value === to ? "page" : "true") : undefined}
              >
                {name}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div class="tools">
        {s && (
          <span class="muted snapshot">
            price book <span class="figure">{s.snapshot}</span>, {day(s.as_of)}
          </span>
        )}
        <button type="button" class="link" onClick={toggleTheme}>
          {theme.value === "dark" ? "Light" : "Dark"}
          <span class="hidden"> theme</span>
        </button>
        {(catalog.value || path.value !== "/") && <Share />}
      </div>
      {path.value === "/" && (
        <nav aria-label="Sections" class="sections">
          <ul>
            {anchors.map(([id, name]) => (
              <li key={id}>
                <a href={`#${id}`}>{name}</a>
              </li>
            ))}
          </ul>
        </nav>
      )}
    </header>
  );
}
