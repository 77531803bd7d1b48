import { useNavigate } from "@tanstack/react-router";
import { rewindRoute } from "../route";
import { Choose } from "./choose";
import { Past } from "./past";

/** The bucket as it was. */
export default function RewindPage() {
  const { bucket } = rewindRoute.useParams();
  const { at, prefix = "" } = rewindRoute.useSearch();
  const navigate = useNavigate({ from: rewindRoute.fullPath });
  const choose = (to: string | undefined) => void navigate({ search: { at: to, prefix: undefined } });
  if (at === undefined) return <Choose bucket={bucket} onAt={choose} />;
  return (
    <Past
      key={`${bucket} ${at}`}
      bucket={bucket}
      at={at}
      prefix={prefix}
      onAt={choose}
      onPrefix={(to) => void navigate({ search: { at, prefix: to || undefined } })}
    />
  );
}
