//! Drawing without repetition for as long as there is something left.

use crate::random::Random;

/// Items in random order; once all are drawn they are shuffled again.
#[derive(Debug)]
pub(super) struct Deck {
    items: Vec<usize>,
    drawn: usize,
}

impl Deck {
    pub(super) fn new(mut items: Vec<usize>, random: &mut Random) -> Self {
        random.shuffle(&mut items);
        Self { items, drawn: 0 }
    }

    pub(super) fn draw(&mut self, random: &mut Random) -> Option<usize> {
        if self.drawn == self.items.len() {
            random.shuffle(&mut self.items);
            self.drawn = 0;
        }
        self.drawn += 1;
        self.items.get(self.drawn - 1).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Draws so many different items, or all if there are fewer.
    pub(super) fn draw_different(&mut self, count: usize, random: &mut Random) -> Vec<usize> {
        let mut drawn = Vec::new();
        while drawn.len() < count.min(self.len()) {
            let Some(item) = self.draw(random) else { break };
            if !drawn.contains(&item) {
                drawn.push(item);
            }
        }
        drawn
    }
}
