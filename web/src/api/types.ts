import type { components } from "./schema.gen";

type Schemas = components["schemas"];

/** A shape of the REST API by its name in the contract: `Shape<"RunOut">`. */
export type Shape<Name extends keyof Schemas> = Schemas[Name];
