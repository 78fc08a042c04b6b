"use strict";
// The language and the scheme are remembered where the browser lets a local file remember anything.
const root = document.documentElement;
const recall = (key) => { try { return localStorage.getItem("vi-ner." + key); } catch { return null; } };
const remember = (key, value) => { try { localStorage.setItem("vi-ner." + key, value); } catch { /* not allowed here */ } };

function setLanguage(language) {
  root.lang = language;
  const other = document.getElementById("language");
  other.textContent = language === "vi" ? "EN" : "VI";
  other.setAttribute("aria-label", language === "vi" ? "Switch to English" : "Chuyển sang tiếng Việt");
  for (const node of document.querySelectorAll("[data-name-vi]")) {
    const name = node.getAttribute("data-name-" + language);
    node.setAttribute("aria-label", name);
    if ("placeholder" in node) node.placeholder = name;
  }
  const title = document.querySelector(`h1 [lang="${language}"]`);
  if (title) document.title = title.textContent;
  document.dispatchEvent(new CustomEvent("language", { detail: language }));
}

function setScheme(scheme) {
  if (scheme) root.style.colorScheme = scheme;
}

document.getElementById("language").addEventListener("click", () => {
  const language = root.lang === "vi" ? "en" : "vi";
  remember("language", language);
  setLanguage(language);
});
document.getElementById("scheme").addEventListener("click", () => {
  const shown = root.style.colorScheme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const scheme = shown === "dark" ? "light" : "dark";
  remember("scheme", scheme);
  setScheme(scheme);
});
setScheme(recall("scheme"));
setLanguage(recall("language") || "vi");

// A table that is wider than its place can be scrolled by keyboard too.
const focusable = () => {
  for (const node of document.querySelectorAll(".scroll")) {
    if (node.scrollWidth > node.clientWidth) node.tabIndex = 0; else node.removeAttribute("tabindex");
  }
};
addEventListener("resize", focusable);
focusable();

// The navigation marks the section in view.
const links = new Map([...document.querySelectorAll("#contents a")].map((link) => [link.hash.slice(1), link]));
const inView = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    for (const link of links.values()) link.removeAttribute("aria-current");
    links.get(entry.target.id)?.setAttribute("aria-current", "true");
  }
}, { rootMargin: "-10% 0px -80% 0px" });
for (const section of document.querySelectorAll("main > section")) inView.observe(section);
