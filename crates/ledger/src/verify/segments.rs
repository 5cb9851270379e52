//! The segments: that they hold the same records as the bundles, without gap, and what follows
//! the last checkpoint.

use std::ops::Range;

use super::{Fault, FaultKind, Report, Source, SourceError, Walk};
use crate::dropped::Dropped;
use crate::frame::{self, Stop};
use crate::segment::{self, HEADER};

/// Reads the segments beside the bundles.
pub(super) struct Segments {
    firsts: Vec<u64>,
    /// Which of `firsts` is in `bytes`.
    current: usize,
    bytes: Vec<u8>,
    offset: usize,
    index: u64,
    /// Records before this one were dropped with their segments.
    starts_at: u64,
    /// Where reading cannot go on; reported once.
    is_broken: bool,
}

impl Segments {
    pub(super) fn open(source: &mut dyn Source, dropped: Dropped) -> Result<Self, SourceError> {
        let firsts = source.segments()?;
        // A crash may have left segments that the drop had not come to yet.
        let starts_at = firsts.first().map_or(0, |first| dropped.first.min(*first));
        // A log read over HTTP, or a copy without them: the report counts what was compared.
        let is_broken = firsts.is_empty();
        Ok(Self {
            firsts,
            current: 0,
            bytes: Vec::new(),
            offset: 0,
            index: 0,
            starts_at,
            is_broken,
        })
    }

    /// Passes over a record whose segment was dropped.
    fn is_before_start(&mut self) -> bool {
        let is_before = self.index < self.starts_at;
        self.index += u64::from(is_before);
        is_before
    }

    fn path(&self) -> String {
        segment::path(self.firsts.get(self.current).copied().unwrap_or(0))
    }

    fn fault(&mut self, report: &mut Report, what: &str) {
        self.is_broken = true;
        let fault = Fault::file(FaultKind::Segment, &self.path(), what);
        report.fault(fault.at(Some(self.index), self.offset as u64));
    }

    /// Loads the segment that is to be read now, if it is not there yet.
    fn load(&mut self, source: &mut dyn Source, report: &mut Report) -> Result<(), SourceError> {
        if !self.bytes.is_empty() || self.is_broken {
            return Ok(());
        }
        let first = self.firsts.get(self.current).copied();
        self.bytes = source.read(&self.path())?.unwrap_or_default();
        self.offset = 0;
        if first != Some(self.index) {
            self.fault(report, "records are missing before this segment");
        } else if !self.bytes.starts_with(&segment::header(self.index)) {
            self.fault(report, "this is not the header of that segment");
        }
        self.offset = HEADER;
        Ok(())
    }

    /// Where the next record's data stands in the bytes, or why there is none.
    fn next(
        &mut self,
        source: &mut dyn Source,
        report: &mut Report,
    ) -> Result<Result<Range<usize>, Stop>, SourceError> {
        self.load(source, report)?;
        let rest = self.bytes.get(self.offset..).unwrap_or_default();
        let header = rest.get(..frame::HEADER).unwrap_or(rest);
        let is_end = header.iter().all(|byte| *byte == 0);
        if is_end && self.current + 1 < self.firsts.len() && !self.is_broken {
            if rest.iter().any(|byte| *byte != 0) {
                self.fault(report, "bytes follow the last record of a finished segment");
                return Ok(Err(Stop::End));
            }
            self.current += 1;
            self.bytes.clear();
            self.load(source, report)?;
        }
        if self.is_broken {
            return Ok(Err(Stop::End));
        }
        let rest = self.bytes.get(self.offset..).unwrap_or_default();
        let frame = match frame::decode_expected(rest, self.index) {
            Ok(frame) => frame,
            Err(stop) => return Ok(Err(stop)),
        };
        let end = self.offset + frame.size();
        let data = self.offset + frame::HEADER..end;
        self.offset = end;
        self.index += 1;
        Ok(Ok(data))
    }

    /// Holds an entry against the same record in the segments: whether it is the same, if there
    /// is one to compare with.
    pub(super) fn compare(
        &mut self,
        source: &mut dyn Source,
        entry: &[u8],
        (file, offset): (&str, u64),
        report: &mut Report,
    ) -> Result<Option<bool>, SourceError> {
        if self.is_broken {
            return Ok(None);
        }
        if self.is_before_start() {
            return Ok(None);
        }
        let index = self.index;
        match self.next(source, report)? {
            Ok(data) if self.bytes.get(data.clone()) == Some(entry) => {
                report.compared_with_segments += 1;
                return Ok(Some(true));
            }
            Ok(_) => {
                let what = "the record in the bundle is another one than in the segment";
                let fault = Fault::file(FaultKind::Entry, file, what);
                report.fault(fault.at(Some(index), offset));
                return Ok(Some(false));
            }
            Err(_) if self.is_broken => {}
            Err(stop) => self.fault(report, &stop.to_string()),
        }
        Ok(None)
    }

    /// Reads past records whose entries are missing.
    pub(super) fn skip(
        &mut self,
        source: &mut dyn Source,
        count: u64,
        report: &mut Report,
    ) -> Result<(), SourceError> {
        for _ in 0..count {
            if self.is_broken {
                break;
            }
            if self.is_before_start() {
                continue;
            }
            let stop = self.next(source, report)?.err();
            if let Some(stop) = stop.filter(|_| !self.is_broken) {
                self.fault(report, &stop.to_string());
            }
        }
        Ok(())
    }
}

/// Counts what the segments hold after the last checkpoint.
pub(super) fn check_tail(
    source: &mut dyn Source,
    walk: &mut Walk,
    segments: &mut Segments,
    report: &mut Report,
) -> Result<(), SourceError> {
    if segments.is_broken {
        return Ok(());
    }
    loop {
        let (index, file, offset) = (segments.index, segments.path(), segments.offset as u64);
        let stop = match segments.next(source, report)? {
            Ok(data) => {
                report.unproven += 1;
                let record = segments.bytes.get(data).unwrap_or_default();
                walk.phases.take(index, record, (&file, offset), report);
                continue;
            }
            Err(stop) => stop,
        };
        if segments.is_broken {
            return Ok(());
        }
        let rest = segments.bytes.get(segments.offset..).unwrap_or_default();
        let torn = rest.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
        report.torn_bytes = torn as u64;
        let is_last = segments.current + 1 >= segments.firsts.len();
        if !is_last || (torn > 0 && frame::later_frame_says_synced(rest, index)) {
            segments.fault(report, &stop.to_string());
        }
        return Ok(());
    }
}
