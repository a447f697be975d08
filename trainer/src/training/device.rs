//! Where tensors live: the processor, or a GPU that is there.

use std::fmt;
use std::str::FromStr;

use burn::tensor::{Device, DeviceKind, DeviceType};

use super::error::TrainingError;

/// What is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The first GPU, or the processor where there is none.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// The GPU at this place of the list, or the first one that is no software.
    Gpu(Option<usize>),
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "gpu" => Ok(Self::Gpu(None)),
            _ => {
                let index = text.strip_prefix("gpu:").and_then(|index| index.parse().ok());
                index
                    .map(|index| Self::Gpu(Some(index)))
                    .ok_or_else(|| "it is auto, cpu, gpu or gpu:N".to_owned())
            }
        }
    }
}

/// A device that can be trained on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceInfo {
    /// How to ask for it.
    pub choice: String,
    /// Its maker's name, as far as it tells.
    pub name: String,
    /// Whether a program on the processor plays the GPU.
    pub software: bool,
}

impl fmt::Display for DeviceInfo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}  {}", self.choice, self.name)?;
        if self.software { write!(formatter, " (software: slower than cpu)") } else { Ok(()) }
    }
}

/// All devices, the processor first.
pub fn list_devices() -> Vec<DeviceInfo> {
    let cpu = DeviceInfo { choice: "cpu".into(), name: "this computer's processor".into(), software: false };
    let gpus = gpus().into_iter().enumerate().map(|(at, gpu)| DeviceInfo {
        choice: format!("gpu:{at}"),
        name: gpu.identity().map_or_else(|| "GPU".to_owned(), |identity| identity.name),
        software: is_software(&gpu),
    });
    std::iter::once(cpu).chain(gpus).collect()
}

/// Opens a device.
///
/// # Errors
/// [`TrainingError::Device`] when there is no such GPU; they are listed before one is opened, as opening one that is
/// missing cannot be undone.
pub fn open_device(choice: DeviceChoice) -> Result<Device, TrainingError> {
    let missing = |what: String| {
        TrainingError::Device(format!(
            "{what}; `earmark train --list-devices` shows what there is, --device cpu always works"
        ))
    };
    match choice {
        DeviceChoice::Cpu => Ok(Device::flex()),
        DeviceChoice::Auto => {
            Ok(gpus().into_iter().find(|gpu| !is_software(gpu)).unwrap_or_else(Device::flex))
        }
        DeviceChoice::Gpu(None) => gpus()
            .into_iter()
            .find(|gpu| !is_software(gpu))
            .ok_or_else(|| missing("there is no GPU that Vulkan, Metal or DirectX 12 can use".into())),
        DeviceChoice::Gpu(Some(index)) => {
            let mut gpus = gpus();
            if index < gpus.len() {
                return Ok(gpus.swap_remove(index));
            }
            Err(missing(format!("there is no gpu:{index}: {} found", gpus.len())))
        }
    }
}

fn gpus() -> Vec<Device> {
    Device::enumerate(DeviceType::Wgpu).into_vec()
}

fn is_software(gpu: &Device) -> bool {
    *gpu == Device::wgpu(DeviceKind::Cpu)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_spelled_as_they_are_listed() {
        assert_eq!("gpu:2".parse(), Ok(DeviceChoice::Gpu(Some(2))));
        assert_eq!("auto".parse(), Ok(DeviceChoice::Auto));
        assert!("gpu:x".parse::<DeviceChoice>().is_err());
        for device in list_devices() {
            let choice: DeviceChoice = device.choice.parse().expect("a choice");
            open_device(choice).expect("a listed device opens");
        }
    }

    #[test]
    fn a_gpu_that_is_not_there_is_told_and_nothing_panics() {
        let error = open_device(DeviceChoice::Gpu(Some(999))).expect_err("so many").to_string();
        assert!(error.contains("gpu:999") && error.contains("--list-devices"), "{error}");
    }
}
