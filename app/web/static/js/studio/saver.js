// Keeps a draft's file saved: a moment after each change, with its revision; never over somebody else's work.
import { download, el, later, post, t } from "./base.js";

const WAIT = 1500; // milliseconds after the last change
const AGAIN = 8000; // milliseconds until the next try when the server can't be reached

export class Saver {
  // `produce` gives the text as it is now; `place` shows the state; `name` is the file's own name.
  constructor({ url, revision, produce, place, conflictPlace, name, viewUrl, send }) {
    Object.assign(this, { url, revision, produce, place, conflictPlace, name, viewUrl });
    this.send = send ?? ((text, number) => post(url, { content: text, revision: number }));
    this.dirty = false; this.running = null; this.conflict = null;
    this.soon = later(WAIT, () => this.save());
    window.addEventListener("beforeunload", (event) => {
      document.activeElement?.blur?.();
      if (this.dirty) { event.preventDefault(); event.returnValue = ""; }
    });
    document.addEventListener("visibilitychange", () => { if (document.hidden && this.dirty) this.save(); });
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") { event.preventDefault(); document.activeElement?.blur?.(); this.save(); }
    });
    this.tell("saved", t("Everything is saved"));
  }

  changed() { this.dirty = true; if (!this.conflict) { this.tell("unsaved", t("Not saved yet")); this.soon(); } }

  async save() {
    if (this.conflict) return;
    if (this.running) { await this.running; if (!this.dirty || this.conflict) return; }
    this.running = this.#save();
    await this.running;
    this.running = null;
  }

  async #save() {
    this.soon.cancel();
    this.dirty = false;
    this.tell("saving", t("Saving…"));
    try {
      const text = await this.produce();
      const { ok, status, data } = await this.send(text, this.revision);
      if (ok) { this.revision = data.revision; if (!this.dirty) this.tell("saved", t("Everything is saved")); this.onsaved?.(); return; }
      this.dirty = true;
      if (status === 409 && "revision" in data) this.#ask(data, text);
      else { this.onrefused?.(data); this.tell("failed", data.message); }
    } catch (error) {
      this.dirty = true;
      this.tell("failed", `${t("Not saved; trying again.")} ${error.message}`);
      setTimeout(() => { if (this.dirty && !this.conflict) this.save(); }, AGAIN);
    }
  }

  // Somebody saved meanwhile: yours stays in this page until you have decided.
  #ask(data, mine) {
    this.conflict = data;
    this.tell("failed", t("Not saved: somebody else was first"));
    const said = data.by
      ? t("{by} saved this file at {at}, after you opened it. Yours is still in this page and nothing was overwritten.", { by: data.by, at: data.at })
      : data.message;
    const button = (label, action, kind = "btn-outline") => el("button", { type: "button", class: `btn btn-sm ${kind}`, onclick: action }, label);
    this.conflictPlace.replaceChildren(el("div", { class: "flash warning conflict", role: "alert", tabindex: "-1" },
      el("p", {}, el("strong", {}, said)),
      el("div", { class: "row-tools" },
        el("a", { class: "btn btn-sm btn-outline", href: this.viewUrl, target: "_blank", rel: "noopener" }, t("Look at theirs")),
        button(t("Download mine"), () => download(`mine-${this.name}`, mine)),
        data.theirs !== null && button(t("Download theirs"), () => download(`theirs-${this.name}`, data.theirs)),
        button(t("Go on with theirs"), () => { if (window.confirm(t("Your changes in this page are lost. Go on?"))) { this.dirty = false; location.reload(); } }),
        button(t("Put mine in place of theirs"), () => this.#override(), "btn-danger"))));
    this.conflictPlace.firstElementChild.focus();
  }

  #override() {
    this.revision = this.conflict.revision;
    this.conflict = null;
    this.conflictPlace.replaceChildren();
    this.save();
  }

  tell(state, text) { this.place.dataset.state = state; this.place.textContent = text; }
}
