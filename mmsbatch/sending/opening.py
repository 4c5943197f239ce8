"""Opens a record for a campaign: its first line, and whose it is."""

from mmsbatch.campaign.configuration import GatewaySettings
from mmsbatch.record.book import RecordBook
from mmsbatch.record.events import JournalOpened
from mmsbatch.record.tokens import NumberKeeping
from mmsbatch.sending.clock import Clock

#: What the record calls the embedded gateway, whose port is another in each run.
EMBEDDED = "embedded"


def ensure_opened(
    book: RecordBook,
    campaign_file: str,
    *,
    settings: GatewaySettings,
    account: str,
    keeping: NumberKeeping,
    clock: Clock,
) -> None:
    """Write the journal's first line where there is none. Raises OSError."""
    if book.record.opened is not None:
        return
    book.append(
        JournalOpened(
            at=clock.stamp(),
            campaign=campaign_file,
            gateway=settings.name,
            send_url=EMBEDDED if settings.is_sandbox else settings.send_url,
            account=account,
            numbers=keeping.numbers,
            key_check=keeping.key_check,
        )
    )
