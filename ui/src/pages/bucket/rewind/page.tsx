export default function RewindPage() {
  return null;
}
