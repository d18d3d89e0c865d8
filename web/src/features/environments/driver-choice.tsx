import { NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { drivers, type Policy } from "./api";

const NAMES = {
  process: "as sandboxed processes",
  docker: "in containers",
  kubernetes: "in pods of a cluster",
};
type Driver = keyof typeof NAMES;

export const runsWhere = (driver: Driver) => `model servers run ${NAMES[driver]}`;

const isDriver = (value: string): value is Driver => value in NAMES;

/** Where an environment's next model servers run; what cannot be chosen says why. */
export function DriverChoice({
  value,
  onChange,
}: {
  value: Policy["driver"];
  onChange: (driver: Driver | null) => void;
}) {
  const { data = [] } = useQuery(drivers());
  const standard = data.find((one) => one.is_standard);
  const obstacles = data.filter((one) => one.obstacle && one.name !== value);
  const refused = obstacles.map((one) => `Not ${NAMES[one.name]}: ${one.obstacle}`);
  return (
    <NativeSelect
      label="Model servers run"
      description={["For revisions that are deployed from now on.", ...refused].join(" ")}
      value={value ?? ""}
      onChange={(event) => {
        const chosen = event.currentTarget.value;
        onChange(isDriver(chosen) ? chosen : null);
      }}
      data={[
        {
          value: "",
          label: `as the installation is set${standard ? `: ${NAMES[standard.name]}` : ""}`,
        },
        ...data.map((one) => ({
          value: one.name,
          label: NAMES[one.name],
          disabled: one.obstacle !== null && one.name !== value,
        })),
      ]}
    />
  );
}
