/** How a run table is sorted until a person says otherwise. */
export const NEWEST_FIRST = "attributes.start_time DESC";
