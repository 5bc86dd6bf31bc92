// Which rows of a long list are near the screen, so that only those are drawn. All rows are equally high.

import { useLayoutEffect, useRef, useState } from "preact/hooks";

const spare = 6; // rows beyond either edge, so that a step of the keyboard finds its row drawn

// useWindow measures where the list is when the page scrolls, and not when the list changes: that would lay the page out
// twice.
export function useWindow<E extends HTMLElement>(count: number, height: number) {
  const ref = useRef<E>(null);
  const [at, setAt] = useState({ above: 0, rows: 30 }); // in rows
  useLayoutEffect(() => {
    const look = () => {
      if (!ref.current) return;
      const above = Math.floor(-ref.current.getBoundingClientRect().top / height);
      const rows = Math.ceil(window.innerHeight / height) + 1;
      setAt((was) => (was.above === above && was.rows === rows ? was : { above, rows }));
    };
    look();
    window.addEventListener("scroll", look, { passive: true });
    window.addEventListener("resize", look);
    return () => {
      window.removeEventListener("scroll", look);
      window.removeEventListener("resize", look);
    };
  }, [height]);
  const first = Math.max(0, Math.min(count - at.rows, at.above - spare));
  return { ref, first, last: Math.max(0, Math.min(count, at.above + at.rows + spare)) };
}

const narrow = window.matchMedia("(max-width: 56rem)");

// useNarrow says whether the page has room for a table of many columns.
export function useNarrow(): boolean {
  const [is, set] = useState(narrow.matches);
  useLayoutEffect(() => {
    const look = () => set(narrow.matches);
    narrow.addEventListener("change", look);
    return () => narrow.removeEventListener("change", look);
  }, []);
  return is;
}
