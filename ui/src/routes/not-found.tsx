import { Link } from "@tanstack/react-router";
import { Compass } from "lucide-react";
import { useEffect } from "react";
import { buttonClass } from "@/parts/button";
import { Empty } from "@/parts/states";

export function NotFound() {
  useEffect(() => {
    document.title = "No such page · Planetstore";
  }, []);
  return (
    <Empty
      icon={Compass}
      isPage
      title="There is no such page"
      action={
        <Link to="/" className={buttonClass()}>
          To the overview
        </Link>
      }
    >
      The address may be mistyped, or what it names is gone.
    </Empty>
  );
}
