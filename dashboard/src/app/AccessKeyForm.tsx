// Asks for an access key when the API wants one.
import { useState, type FormEvent } from "react";

export interface AccessKeyFormProps {
  /** Why the key that was given does not open the door. */
  refusal: string | null;
  onKey: (key: string) => void;
}

export function AccessKeyForm({ refusal, onKey }: AccessKeyFormProps) {
  const [key, setKey] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (key.trim()) onKey(key.trim());
  };
  return (
    <section className="usage-widget uw-panel app-key" aria-labelledby="access-key-title">
      <h1 id="access-key-title" className="app-key__title">
        Access key
      </h1>
      <p>This server shows usage to people with an access key. It is kept until you close this tab.</p>
      {refusal && (
        <div className="uw-problem" role="alert">
          <p>{refusal}</p>
        </div>
      )}
      <form onSubmit={submit}>
        <label className="uw-field">
          <span>Access key or token</span>
          <input
            className="uw-input"
            type="password"
            autoComplete="off"
            spellCheck={false}
            required
            value={key}
            onChange={(event) => setKey(event.target.value)}
          />
        </label>
        <button type="submit" className="uw-button uw-button--primary">
          Continue
        </button>
      </form>
    </section>
  );
}
