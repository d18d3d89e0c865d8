import { expect, test } from "vitest";
import { happened } from "./happened";

test.each([
  ["deployments.create", "deployment", "created deployment"],
  ["deployments.roll_back", "deployment", "rolled back deployment"],
  ["identity.create_token", "token", "created token"],
  ["members.change_role", "member", "changed role of member"],
  ["traffic.create_key", "endpoint_key", "created endpoint key"],
  ["registry.create_version", "model_version", "created model version"],
  ["identity.sign_in", "user", "signed in"],
  ["deployment.auto_config", "deployment", "chose the configuration of deployment"],
  ["flags.decide_for_organisation", "flag", "set the organisation's switch of flag"],
  ["something.unheard_of", "thing", "unheard of thing"],
])("%s on a %s reads as words", (action, object, words) => {
  expect(happened(action, object)).toBe(words);
});
