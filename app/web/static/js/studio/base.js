// What every editor of the studio uses: words, elements, and talking to the server.
const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
let texts = {};

export function learn(words) { texts = words; }

// The text in the reader's language; {name} is replaced by its value.
export function t(text, values = {}) {
  return (texts[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else if (["value", "checked", "disabled", "selected", "open"].includes(name)) made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export async function post(url, body, signal) {
  const response = await fetch(url, {
    method: "POST", signal, body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token },
  });
  return answer(response);
}

export async function postForm(form, extra = {}) {
  const body = new URLSearchParams(new FormData(form));
  Object.entries(extra).forEach(([name, value]) => body.set(name, value));
  const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json", "X-CSRFToken": token } });
  return answer(response);
}

async function answer(response) {
  if (response.redirected && new URL(response.url).pathname.startsWith("/sign-in")) throw new Error(t("Your session has ended: sign in again in another tab, then save."));
  const isJson = response.headers.get("Content-Type")?.includes("json");
  const data = isJson ? await response.json() : { message: t("The server answered {status}.", { status: response.status }) };
  return { ok: response.ok, status: response.status, data };
}

export function later(milliseconds, action) {
  let timer = null;
  const call = () => { clearTimeout(timer); timer = setTimeout(action, milliseconds); };
  call.cancel = () => clearTimeout(timer);
  return call;
}

export function download(name, text, type = "application/xml") {
  const link = el("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
