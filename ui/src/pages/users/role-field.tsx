import type { User } from "@/data/users";
import { Field, Select } from "@/parts/field";

/** Chooses a role. */
export function RoleField({ role, onRole }: { role: User["role"]; onRole: (role: User["role"]) => void }) {
  return (
    <Field label="Role" hint="An administrator may do everything that no policy denies.">
      {(control) => (
        <Select {...control} value={role} onChange={(event) => onRole(event.target.value as User["role"])}>
          <option value="user">User</option>
          <option value="admin">Administrator</option>
        </Select>
      )}
    </Field>
  );
}
