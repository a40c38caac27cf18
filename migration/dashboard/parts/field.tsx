import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface Described {
  id: string;
  'aria-describedby'?: string;
  'aria-invalid'?: 'true';
}

interface FieldProps {
  label: string;
  hint?: string | undefined;
  error?: string | undefined;
  /** Makes the control, which has to carry these attributes. */
  children: (attributes: Described) => ComponentChildren;
}

/** A control with its label, what it means, and what is wrong with it. */
export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId();
  const texts = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label class="field__label" for={id}>
        {label}
      </label>
      {children({
        id,
        ...(texts === '' ? {} : { 'aria-describedby': texts }),
        ...(error ? { 'aria-invalid': 'true' as const } : {}),
      })}
      {error && (
        <span class="field__error" id={`${id}-error`}>
          {error}
        </span>
      )}
      {hint && (
        <span class="field__hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
    </div>
  );
}
