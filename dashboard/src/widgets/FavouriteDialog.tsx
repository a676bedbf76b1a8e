// Asks what a favourite is called and to which category it belongs.
import { useId, useState } from "react";

import type { Favourite } from "../api/types";
import { workflowName } from "../format/names";
import { Dialog } from "../parts/Dialog";

export interface FavouriteDialogProps {
  favourite: Favourite;
  categories: string[];
  onSave: (change: { custom_name: string | null; category: string | null }) => void;
  onClose: () => void;
}

export function FavouriteDialog({ favourite, categories, onSave, onClose }: FavouriteDialogProps) {
  const [name, setName] = useState(favourite.custom_name ?? "");
  const [category, setCategory] = useState(favourite.category ?? "");
  const id = useId();
  const given = (text: string) => text.trim() || null;
  return (
    <Dialog
      title={
        <>
          Rename <bdi>{workflowName(favourite)}</bdi>
        </>
      }
      confirm="Save"
      onConfirm={() => onSave({ custom_name: given(name), category: given(category) })}
      onClose={onClose}
    >
      <label className="uw-field">
        <span>Your name for it</span>
        <input
          className="uw-input"
          value={name}
          maxLength={255}
          placeholder={workflowName(favourite)}
          onChange={(event) => setName(event.target.value)}
        />
      </label>
      <label className="uw-field">
        <span>Category</span>
        <input
          className="uw-input"
          value={category}
          maxLength={100}
          list={id}
          onChange={(event) => setCategory(event.target.value)}
        />
      </label>
      <datalist id={id}>
        {categories.map((known) => (
          <option key={known} value={known} />
        ))}
      </datalist>
    </Dialog>
  );
}
