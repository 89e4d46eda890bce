// Says what the editor can't keep of the file that it has opened, before anything is saved.
import { el, post, t } from "./base.js";

const SHOWN = 8;

export async function tellLosses(url, text, redrawn) {
  const { ok, data } = await post(url, { content: text });
  if (!ok) return;
  if (redrawn) data.lost.unshift(t("Its drawing can't be shown; what you see was laid out anew."));
  if (!data.lost.length) return;
  const rest = data.lost.length - SHOWN;
  const original = document.querySelector("[data-original]");
  document.getElementById("not-kept").replaceChildren(el("div", { class: "flash warning", role: "alert" },
    el("p", { class: "mb-1" }, el("strong", {}, t("The editor can't keep everything in this file. If you change something here and it is saved, this is lost:"))),
    el("ul", { class: "small mb-1" }, data.lost.slice(0, SHOWN).map((one) => el("li", {}, one)), rest > 0 && el("li", {}, t("and {n} more", { n: rest }))),
    el("p", { class: "small mb-0" }, original ? t("The file as it was imported can still be downloaded.") : t("The version that was released can still be downloaded."), " ",
      original && el("a", { href: original.href }, original.textContent))));
}
