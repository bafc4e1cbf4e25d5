// The pages work without a script, but for passkeys, whose place is the browser. This counts down, and asks authenticators.

// What is left of a grant, each second.
const left = document.querySelector("[data-until]");
if (left) {
  const until = Date.parse(left.dataset.until);
  const tell = () => {
    const s = Math.max(0, Math.round((until - Date.now()) / 1000));
    left.textContent = s === 0 ? "It has ended." : [Math.floor(s / 3600), Math.floor(s / 60) % 60, s % 60].map(n => String(n).padStart(2, "0")).join(":");
    if (s > 0) setTimeout(tell, 1000);
  };
  tell();
}

const complain = text => {
  const p = document.querySelector("[data-trouble]");
  p.hidden = false;
  p.textContent = text;
};

// A new passkey.
const create = document.querySelector("[data-create]");
create?.addEventListener("click", async () => {
  try {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(create.dataset.create));
    const made = await navigator.credentials.create({ publicKey });
    const answer = await fetch("/security/passkey/finish", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(made) });
    if (!answer.ok) throw new Error("refused");
    location.assign("/security?done=passkey");
  } catch {
    complain("The passkey was not added. Try again.");
  }
});

// An approval by a passkey: what it signs is the digest of what the page shows.
const sign = document.querySelector("[data-sign]");
sign?.addEventListener("click", async () => {
  try {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(sign.dataset.sign).publicKey);
    const answer = await navigator.credentials.get({ publicKey });
    const form = sign.form;
    form.elements.response.value = JSON.stringify(answer);
    form.submit();
  } catch {
    complain("The passkey did not confirm it. Begin again.");
  }
});

// Drafts of answers, for who agreed to them.
const draft = document.querySelector("textarea[data-draft]");
if (draft && globalThis.consent?.allows("functional")) {
  const name = "draft-" + draft.dataset.draft;
  draft.value ||= localStorage.getItem(name) ?? "";
  draft.addEventListener("input", () => localStorage.setItem(name, draft.value));
  draft.form.addEventListener("submit", () => localStorage.removeItem(name));
}
