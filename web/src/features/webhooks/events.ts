import type { RegistryEvent } from "./api";

/** What each event says, in the order of the life of a model and of a prompt. */
export const EVENT_NAMES: Record<RegistryEvent, string> = {
  "registered_model.created": "Model registered",
  "model_version.created": "Version registered",
  "model_version_tag.set": "Version tag set",
  "model_version_tag.deleted": "Version tag deleted",
  "model_version_alias.created": "Alias set",
  "model_version_alias.deleted": "Alias deleted",
  "prompt.created": "Prompt created",
  "prompt_version.created": "Prompt version created",
  "prompt_tag.set": "Prompt tag set",
  "prompt_tag.deleted": "Prompt tag deleted",
  "prompt_version_tag.set": "Prompt version tag set",
  "prompt_version_tag.deleted": "Prompt version tag deleted",
  "prompt_alias.created": "Prompt alias set",
  "prompt_alias.deleted": "Prompt alias deleted",
};

const isEvent = (text: string): text is RegistryEvent => text in EVENT_NAMES;

export const EVENTS = Object.keys(EVENT_NAMES).filter(isEvent);

/** The events among words that a picker gives. */
export const eventsOf = (words: string[]) => words.filter(isEvent);
