import { Button, Menu } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { usePermission } from "@/api/session";
import { EmptyState } from "@/ui/empty-state";
import { Panel } from "@/ui/panel";
import { TableSkeleton } from "@/ui/skeletons";
import { View } from "@/ui/view";
import { exportAddress } from "./api";
import { AuditList } from "./audit-list";
import { FilterBar } from "./filter-bar";
import type { AuditFilters } from "./filters";

interface Props {
  ws: string;
  filters: AuditFilters;
  onFilter: (filters: AuditFilters) => void;
}

/** Who did what, on what, when, from where, and what changed by it. */
export function AuditPage({ ws, filters, onFilter }: Props) {
  const mayRead = usePermission("audit.read");
  const mayExport = usePermission("audit.export");
  if (!mayRead) {
    return (
      <EmptyState title="The audit log is for admins">
        It needs the Admin role. An admin of this workspace can give it to you.
      </EmptyState>
    );
  }
  return (
    <Panel title="Audit log" flush action={mayExport && <Export ws={ws} filters={filters} />}>
      <FilterBar filters={filters} onFilter={onFilter} />
      <View loading={<TableSkeleton rows={8} />}>
        <AuditList filters={filters} onClear={() => onFilter({})} />
      </View>
    </Panel>
  );
}

function Export({ ws, filters }: { ws: string; filters: AuditFilters }) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" size="xs" leftSection={<IconDownload size={15} />}>
          Export
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component="a" href={exportAddress(ws, "csv", filters)} download>
          CSV
        </Menu.Item>
        <Menu.Item component="a" href={exportAddress(ws, "jsonl", filters)} download>
          JSON lines
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
