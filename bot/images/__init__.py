"""Images that the bot draws of results: thumbnails, contact sheets, lineage trees and time-lapses. No I/O."""
