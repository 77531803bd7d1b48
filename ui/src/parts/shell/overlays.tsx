import { Palette } from "../palette/palette";
import { ProofDialog } from "../proof/proof-dialog";
import { ShortcutsHelp } from "../shortcuts/help";
import { Toasts } from "../toast/toasts";

/** What lies over all pages. */
export default function Overlays({
  isSearching,
  onSearched,
  hasHelp,
  onHelped,
}: {
  isSearching: boolean;
  onSearched: () => void;
  hasHelp: boolean;
  onHelped: () => void;
}) {
  return (
    <>
      <Palette isOpen={isSearching} onClose={onSearched} />
      <ShortcutsHelp isOpen={hasHelp} onClose={onHelped} />
      <ProofDialog />
      <Toasts />
    </>
  );
}
