// A question in front of the page; the browser keeps the focus inside and gives it back.
import { useEffect, useId, useRef, type FormEvent, type ReactNode } from "react";

export interface DialogProps {
  title: ReactNode;
  confirm: string;
  onConfirm: () => void;
  onClose: () => void;
  children: ReactNode;
}

export function Dialog({ title, confirm, onConfirm, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();

  useEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
  }, []);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    onConfirm();
  };
  return (
    <dialog ref={dialog} className="uw-dialog" aria-labelledby={id} onClose={onClose}>
      <form onSubmit={submit}>
        <h3 id={id} className="uw-dialog__title">
          {title}
        </h3>
        {children}
        <div className="uw-dialog__buttons">
          <button type="button" className="uw-button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" className="uw-button uw-button--primary">
            {confirm}
          </button>
        </div>
      </form>
    </dialog>
  );
}
